//! Weights, in whole grams.

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

/// `1.5 kg`, in grams, rounded up; `None` is no weight at all, which shops write for one that is
/// unknown.
pub(in crate::feed) fn grams(text: &str) -> Result<Option<u32>, String> {
    let expected = "expected a weight in g, kg, oz or lb, such as 1.5 kg";
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).and_then(Unit::named).ok_or(expected)?;
    grams_in(unit, digits.trim_end())
}

/// `1.5`, of `unit`, in grams, rounded up; `None` is no weight at all, as above.
pub(in crate::feed) fn grams_in(unit: Unit, text: &str) -> Result<Option<u32>, String> {
    const MOST_DIGITS: usize = 9;
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
    let grams = (billionths * unit.nanograms()).div_ceil(1_000_000_000 * 1_000_000_000);
    let grams = u32::try_from(grams).map_err(|_| "expected at most 4,294,967 kg".to_owned())?;
    Ok((grams > 0).then_some(grams))
}
