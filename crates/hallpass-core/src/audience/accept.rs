use crate::head::RequestHead;

/// The weight of what is as welcome as anything.
const MOST: u16 = 1000;

/// Whether HTML is named, and not less welcome than JSON.
pub(super) fn prefers_html(head: &(impl RequestHead + ?Sized)) -> bool {
    let (mut html, mut json) = (0, 0);
    head.for_each_value("accept", &mut |value| {
        for range in value.split(|byte| *byte == b',') {
            // Browsers name it first and without a weight.
            if html == MOST {
                return;
            }
            match media_range(range) {
                Some((name, weight)) if name.eq_ignore_ascii_case(b"text/html") => html = html.max(weight),
                Some((name, weight)) if name.eq_ignore_ascii_case(b"application/json") => {
                    json = json.max(weight)
                }
                _ => {}
            }
        }
    });
    html > 0 && html >= json
}

/// The media range and its weight in thousandths (RFC 9110 §12.5.1). `None` for a weight that is no
/// number.
fn media_range(range: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next()?;
    let weight = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
    Some((name, weight.map_or(Some(MOST), thousandths)?))
}

/// `0`, `0.75`, `1.000`: RFC 9110 §12.4.2.
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, fraction) = match weight {
        [whole] => (*whole, &[][..]),
        [whole, b'.', fraction @ ..] if fraction.len() <= 3 => (*whole, fraction),
        _ => return None,
    };
    let digits =
        std::iter::once(whole).chain(fraction.iter().copied()).chain(std::iter::repeat(b'0')).take(4);
    let value = digits
        .map(|digit| char::from(digit).to_digit(10))
        .try_fold(0, |sum, digit| Some(sum * 10 + digit?))?;
    u16::try_from(value).ok().filter(|value| *value <= MOST)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_weight_orders_as_its_number(thousandth in 0u16..=1000) {
            let text = format!("{}.{:03}", thousandth / 1000, thousandth % 1000);
            prop_assert_eq!(thousandths(text.as_bytes()), Some(thousandth));
        }
    }
}
