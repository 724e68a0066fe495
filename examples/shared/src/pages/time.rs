use crate::api::rfc3339;
use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time for the `time` element.
pub(super) struct Moment {
    /// As in RFC 3339.
    pub(super) machine: String,
    pub(super) text: String,
}

impl Moment {
    /// Such as `31 Jan 2026, 12:00 UTC`.
    pub(super) fn date(time: SystemTime) -> Self {
        let machine = rfc3339(time);
        let part = |range| machine.get(range).unwrap_or_default();
        let month = part(5..7).parse().ok().and_then(|month: usize| MONTHS.get(month - 1));
        let (day, month) = (part(8..10).trim_start_matches('0'), month.copied().unwrap_or_default());
        let text = format!("{day} {month} {}, {} UTC", part(0..4), part(11..16));
        Self { machine, text }
    }

    /// Such as `5 minutes ago` or `in 30 minutes`.
    pub(super) fn relative(time: SystemTime, now: SystemTime) -> Self {
        let text = match (now.duration_since(time), time.duration_since(now)) {
            (Ok(past), _) if past < Duration::from_secs(60) => "just now".to_owned(),
            (Ok(past), _) => format!("{} ago", span(past)),
            (_, Ok(left)) => format!("in {}", span(left)),
            (Err(_), Err(_)) => String::new(),
        };
        Self { machine: rfc3339(time), text }
    }
}

/// The time in its largest unit, rounded.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_570 => ((seconds + 30) / 60, "minute"),
        3_570..84_600 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_date_is_for_people_and_for_machines() {
        let moment = Moment::date(after(1_769_860_800));
        assert_eq!((&*moment.machine, &*moment.text), ("2026-01-31T12:00:00.000Z", "31 Jan 2026, 12:00 UTC"));
        assert_eq!(Moment::date(after(0)).text, "1 Jan 1970, 00:00 UTC");
        assert_eq!(Moment::date(after(1 << 40)).text, "31 Dec 9999, 23:59 UTC");
    }

    #[test]
    fn a_near_time_is_told_from_now() {
        for (time, text) in [
            (100_000, "just now"),
            (99_941, "just now"),
            (99_940, "1 minute ago"),
            (99_900, "2 minutes ago"),
            (96_400, "1 hour ago"),
            (100_001, "in 1 second"),
            (101_800, "in 30 minutes"),
            (143_200, "in 12 hours"),
            (100_000 + 30 * 86_400, "in 30 days"),
        ] {
            assert_eq!(Moment::relative(after(time), after(100_000)).text, text);
        }
    }
}
