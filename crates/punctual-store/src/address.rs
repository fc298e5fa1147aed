//! Addresses of databases, as messages may show them.

/// Returns an address with its password replaced by `***`.
///
/// A password stands between a colon and the last `@` of the part that names the server, or in a
/// parameter.
#[must_use]
pub fn redacted(url: &str) -> String {
    let url = without_user_password(url);
    let Some((server, query)) = url.split_once('?') else {
        return url;
    };
    let parameters: Vec<_> = query.split('&').map(without_value).collect();
    format!("{server}?{}", parameters.join("&"))
}

/// Returns a text in which the password of each address is replaced by `***`.
#[must_use]
pub fn redacted_in(text: &str) -> String {
    // A password may hold blanks. Too much that is hidden is better than too little.
    let ends_address = |c: char| matches!(c, '\n' | '"');
    let pieces = text.split_inclusive(ends_address).map(|piece| {
        let url = piece.trim_end_matches(|c| ends_address(c) || matches!(c, '`' | '\''));
        redacted(url) + &piece[url.len()..]
    });
    pieces.collect()
}

fn without_user_password(url: &str) -> String {
    let Some(begin) = begin_of_user(url) else {
        return url.to_owned();
    };
    let (scheme, rest) = url.split_at(begin);
    // A password may hold a slash or a question mark that was not escaped.
    let Some((user, server)) = rest.rsplit_once('@') else {
        return url.to_owned();
    };
    match user.split_once(':') {
        Some((name, _)) => format!("{scheme}{name}:***@{server}"),
        None => url.to_owned(),
    }
}

/// The schemes of databases that have passwords.
const SERVERS: [&str; 6] = [
    "postgres:",
    "postgresql:",
    "mysql:",
    "mariadb:",
    "mssql:",
    "redis:",
];

/// Returns where the user of an address begins. The slashes before it may have been forgotten.
fn begin_of_user(url: &str) -> Option<usize> {
    let lower = url.to_ascii_lowercase();
    let schemes = SERVERS
        .iter()
        .filter_map(|scheme| Some(lower.find(scheme)? + scheme.len()));
    // Whatever comes first, since a password may hold slashes too.
    let slashes = url.find("://").map(|slashes| slashes + ":".len());
    let end = schemes.chain(slashes).min()?;
    let rest = &url[end..];
    Some(url.len() - rest.trim_start_matches('/').len())
}

fn without_value(parameter: &str) -> String {
    let secret = ["password", "passwd", "pwd", "secret", "token", "key"];
    match parameter.split_once('=') {
        Some((name, _)) if secret.iter().any(|word| name.to_lowercase().contains(word)) => {
            format!("{name}=***")
        }
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_replaced_and_nothing_else() {
        for (url, shown) in [
            (
                "postgres://app:s3cret@db/jobs",
                "postgres://app:***@db/jobs",
            ),
            ("mysql://app:a@b/c:d@db:3306/x", "mysql://app:***@db:3306/x"),
            ("postgres://app:s3?cret@db/x", "postgres://app:***@db/x"),
            ("postgres://app@db/jobs", "postgres://app@db/jobs"),
            (
                "postgres://db/x?user=a&password=b",
                "postgres://db/x?user=a&password=***",
            ),
            ("postgres:app:a://b@db/jobs", "postgres:app:***@db/jobs"),
            ("postgres:app:s3cret@db/jobs", "postgres:app:***@db/jobs"),
            ("Postgresql:/app:a:b@db", "Postgresql:/app:***@db"),
            ("mysql:app@db:3306/x", "mysql:app@db:3306/x"),
            ("sqlite:a@b:c.db?mode=rw", "sqlite:a@b:c.db?mode=rw"),
            ("sqlite://jobs.db", "sqlite://jobs.db"),
            ("memory:", "memory:"),
            ("", ""),
        ] {
            assert_eq!(redacted(url), shown);
            let text = |url| format!("1 | url = \"{url}\"\n  | ^ wrong `{url}`");
            assert_eq!(redacted_in(&text(url)), text(shown));
        }
    }
}
