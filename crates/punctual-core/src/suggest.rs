//! The known name that a wrong name may have meant.
//!
//! Names are compared by slips of the hand. A letter that is wrong, missing or superfluous is one
//! slip, and so are two letters that changed places. The limit is a number of slips. A measure of
//! similarity, such as that of Jaro-Winkler, has no threshold that fits both short and long names.
//!
//! A name is near if it has at most one slip in three letters. Names such as `start` and `store`
//! lie two slips apart, so a looser limit would suggest names that were not meant. A tighter limit
//! would miss `threads` for `tread`. A name that was cut short or made longer is near as well, by
//! any number of letters. For example, `misfire` means `misfire_grace_time`.

use strsim::osa_distance;

/// The longest name that is compared, since a comparison costs the product of both lengths.
const LONGEST: usize = 256;

/// The shortest name that counts as the beginning of another one.
const BEGINNING: usize = 3;

/// Returns the known name that is nearest to a wrong one, if any is near. Of two names that are
/// equally near, the first is returned.
///
/// ```
/// use punctual_core::suggest::nearest;
///
/// let known = ["start", "end", "timezone"];
/// assert_eq!(nearest("time_zone", known), Some("timezone"));
/// assert_eq!(nearest("colour", known), None);
/// ```
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known
        .into_iter()
        .filter_map(|name| Some((slips(wrong, name)?, name)));
    near.min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

/// Counts the slips between a wrong name and a known one. Returns `None` if there are too many.
///
/// ```
/// use punctual_core::suggest::slips;
///
/// assert_eq!(slips("hours", "hour"), Some(1));
/// assert_eq!(slips("hours", "minute"), None);
/// ```
#[must_use]
pub fn slips(wrong: &str, known: &str) -> Option<usize> {
    if wrong.len() > LONGEST || known.len() > LONGEST {
        return None;
    }
    let (wrong, known) = (plain(wrong), plain(known));
    let slips = osa_distance(&wrong, &known);
    let longest = wrong.chars().count().max(known.chars().count());
    (slips <= longest / 3 || is_beginning(&wrong, &known)).then_some(slips)
}

/// Returns whether one name begins with the other.
fn is_beginning(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= BEGINNING && (a.starts_with(b) || b.starts_with(a))
}

/// Returns a name in lower case with underscores, since capitals, blanks and hyphens are not slips.
fn plain(name: &str) -> String {
    let plain = |c: char| match c {
        ' ' | '-' => '_',
        c => c.to_ascii_lowercase(),
    };
    name.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 12] = [
        "id",
        "tags",
        "end",
        "and",
        "cron",
        "start",
        "threads",
        "timezone",
        "day_of_week",
        "max_instances",
        "misfire_grace_time",
        "mail.send",
    ];

    #[test]
    fn typical_slips_are_near() {
        for (wrong, meant) in [
            ("idd", "id"),
            ("tag", "tags"),
            ("ned", "end"),
            ("chron", "cron"),
            ("strat", "start"),
            ("tread", "threads"),
            ("time_zone", "timezone"),
            ("time-zone", "timezone"),
            ("TimeZone", "timezone"),
            ("day-of-week", "day_of_week"),
            ("dayofweek", "day_of_week"),
            ("maxInstances", "max_instances"),
            ("max_instnces", "max_instances"),
            ("mail.sent", "mail.send"),
        ] {
            assert_eq!(nearest(wrong, KNOWN), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_was_cut_short_or_made_longer_is_near() {
        for (wrong, meant) in [
            ("misfire", "misfire_grace_time"),
            ("thr", "threads"),
            ("crontabs", "cron"),
            ("start_of_all", "start"),
        ] {
            assert_eq!(nearest(wrong, KNOWN), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn other_words_are_too_far() {
        for wrong in [
            "", "i", "at", "or", "ta", "pause", "colour", "backup", "store", "flavour", "每天",
            "🦀",
        ] {
            assert_eq!(nearest(wrong, KNOWN), None, "{wrong}");
        }
        assert_eq!(nearest("start", []), None);
    }

    #[test]
    fn the_nearest_comes_before_others_that_are_near() {
        assert_eq!(nearest("anb", ["end", "and"]), Some("and"));
        assert_eq!(nearest("minut", ["minutes", "minute"]), Some("minute"));
        assert_eq!(nearest("enb", ["end", "ene"]), Some("end"));
    }

    #[test]
    fn a_text_of_a_megabyte_is_not_compared() {
        let long = "start".repeat(200_000);
        assert_eq!(nearest(&long, KNOWN), None);
        assert_eq!(slips("start", &long), None);
    }
}
