//! Global Trade Item Numbers: UPC, EAN and ISBN-13 are forms of them.

/// The number of a product, as a GTIN-14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Gtin(u64);

impl Gtin {
    /// Reads up to 14 digits, spaces and hyphens between them passed over. Shorter ones are filled
    /// up with zeros on the left, so one that a spreadsheet robbed of its zeros is read, too.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut number: u64 = 0;
        let mut digits = 0;
        for letter in text.chars().filter(|letter| !matches!(letter, ' ' | '-')) {
            let digit = letter.to_digit(10).ok_or("expected a GTIN of at most 14 digits")?;
            digits += 1;
            if digits > 14 {
                return Err("expected a GTIN of at most 14 digits");
            }
            number = number * 10 + u64::from(digit);
        }
        if number == 0 {
            return Err("expected a GTIN of at most 14 digits");
        }
        if check_sum(number).is_multiple_of(10) {
            Ok(Self(number))
        } else {
            Err("its check digit is wrong, so a digit is mistyped or missing")
        }
    }
}

/// Digits counted once and three times in turn, from the right.
fn check_sum(mut number: u64) -> u64 {
    let (mut sum, mut weight) = (0, 1);
    while number > 0 {
        sum += number % 10 * weight;
        weight = 4 - weight;
        number /= 10;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_number_are_one() {
        let ean = Gtin::parse("4006381333931").unwrap();
        for text in ["04006381333931", "4-006381-333931", " 4006381 333931"] {
            assert_eq!(Gtin::parse(text), Ok(ean), "{text}");
        }
        // A UPC-A is an EAN-13 without its leading zero.
        assert_eq!(Gtin::parse("036000291452"), Gtin::parse("0036000291452"));
        assert_eq!(Gtin::parse("36000291452"), Gtin::parse("036000291452"));
        assert!(Gtin::parse("96385074").is_ok(), "an EAN-8");
    }

    #[test]
    fn what_is_no_gtin_is_told() {
        let digit = Err("its check digit is wrong, so a digit is mistyped or missing");
        let shape = Err("expected a GTIN of at most 14 digits");
        for (text, expected) in [
            ("4006381333932", digit),
            ("4006381339331", digit),
            ("", shape),
            ("0000000000000", shape),
            ("4.00638E+12", shape),
            ("040063813339310", shape),
            ("\u{664}", shape),
        ] {
            assert_eq!(Gtin::parse(text), expected, "{text}");
        }
    }
}
