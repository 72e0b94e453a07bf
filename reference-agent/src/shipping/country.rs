//! The codes of ISO 3166-1 alpha-2.

/// Those that are assigned, and `XK`, which shops and carriers write for Kosovo.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ \
    EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW \
    GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY \
    KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV \
    MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY \
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA \
    ZM ZW";

/// The states of the US but for its territories, and the provinces of Canada. No state of another
/// country is called `US` or `CA` and that country like one of these.
const US_STATES: &str = "\
    AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH \
    NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY";
const CA_PROVINCES: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// What stands in addresses for a state of the US as well: territories, the states associated with it, and
/// its armed forces.
const LIKE_US_STATES: &str = "AA AE AP AS FM GU MH MP PR PW UM VI";

/// Whether `code`, in upper case, is a country's.
pub(crate) fn is_country(code: &str) -> bool {
    has(COUNTRIES, code)
}

/// Whether `first` is rather the country, and `second` its state: `US-CA` is meant for California,
/// although `CA` is a country as well.
pub(crate) fn is_turned_round(first: &str, second: &str) -> bool {
    match first {
        "US" => has(US_STATES, second),
        "CA" => has(CA_PROVINCES, second),
        _ => false,
    }
}

/// Whether the country has a state of this code, in upper case. Only those of the US and of Canada are
/// known; others may have any.
pub(crate) fn has_state(country: &str, state: &str) -> bool {
    match country {
        "US" => has(US_STATES, state) || has(LIKE_US_STATES, state),
        "CA" => has(CA_PROVINCES, state),
        _ => true,
    }
}

fn has(codes: &str, code: &str) -> bool {
    codes.split(' ').any(|known| known == code)
}
