//! Weights, in whole milligrams.

/// A unit of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Unit {
    Gram,
    Kilogram,
    Ounce,
    Pound,
}

impl Unit {
    /// The unit of this name.
    pub(in crate::feed) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "g" => Some(Self::Gram),
            "kg" => Some(Self::Kilogram),
            "oz" => Some(Self::Ounce),
            "lb" | "lbs" => Some(Self::Pound),
            _ => None,
        }
    }

    /// Exact: a pound is 453.59237 g by definition, an ounce the sixteenth part of it.
    const fn nanograms(self) -> u128 {
        match self {
            Self::Gram => 1_000_000_000,
            Self::Kilogram => 1_000_000_000_000,
            Self::Ounce => 28_349_523_125,
            Self::Pound => 453_592_370_000,
        }
    }
}

/// `1.5 kg`, in milligrams, rounded up; `None` is no weight at all, which shops write for one that is
/// unknown.
pub(in crate::feed) fn milligrams(text: &str) -> Result<Option<u64>, String> {
    let expected = "expected a weight in g, kg, oz or lb, such as 1.5 kg";
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).and_then(Unit::named).ok_or(expected)?;
    milligrams_in(unit, digits.trim_end())
}

/// `1.5`, of `unit`, in milligrams, rounded up; `None` is no weight at all, as above.
pub(in crate::feed) fn milligrams_in(unit: Unit, text: &str) -> Result<Option<u64>, String> {
    const MOST_DIGITS: usize = 9;
    const NANOGRAMS: u128 = 1_000_000;
    const BILLIONTHS: u128 = 1_000_000_000;
    // 1,000 t.
    const MOST: u64 = 1_000_000_000_000;
    let expected =
        || "expected a weight such as 1.5, with at most 9 digits on each side".to_owned();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = fraction.trim_end_matches('0');
    let are_digits =
        |part: &str| part.len() <= MOST_DIGITS && part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return Err(expected());
    }
    let billionths: u128 =
        format!("{whole}{fraction:0<MOST_DIGITS$}").parse().map_err(|_| expected())?;
    let milligrams = (billionths * unit.nanograms()).div_ceil(BILLIONTHS * NANOGRAMS);
    let milligrams = u64::try_from(milligrams).ok().filter(|milligrams| *milligrams <= MOST);
    let milligrams = milligrams.ok_or("expected at most 1,000,000 kg")?;
    Ok((milligrams > 0).then_some(milligrams))
}
