//! What a user logs in with.

use hallpass_login::password::Password;
use serde_core::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// What a user of a [`UserTable`](super::UserTable) logs in with. `Debug` shows nothing of it: passwords are typed into
/// the wrong field too.
///
/// They deserialize from a form or JSON object with the fields `username` and `password`, and pass over other fields.
///
/// ```
/// use hallpass_sqlx::users::Credentials;
///
/// let credentials = Credentials::new("ada", "correct horse battery staple");
/// assert_eq!(format!("{credentials:?}"), "Credentials { .. }");
/// ```
#[derive(Clone)]
pub struct Credentials {
    /// The name as typed.
    pub username: String,
    /// The password as typed.
    pub password: Password,
}

impl Credentials {
    /// What was typed.
    pub fn new(username: impl Into<String>, password: impl Into<Password>) -> Self {
        Self { username: username.into(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Credentials", &["username", "password"], Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Credentials;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user name and a password")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Credentials, M::Error> {
        let (mut username, mut password) = (None, None);
        while let Some(field) = map.next_key::<String>()? {
            let again = match &*field {
                "username" => username.replace(map.next_value()?).map(|_: String| "username"),
                "password" => password.replace(map.next_value()?).map(|_: Password| "password"),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            if let Some(field) = again {
                return Err(Error::duplicate_field(field));
            }
        }
        Ok(Credentials {
            username: username.ok_or_else(|| Error::missing_field("username"))?,
            password: password.ok_or_else(|| Error::missing_field("password"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_from_an_object_with_each_field_once() {
        let read = |json| serde_json::from_str::<Credentials>(json);
        let full = read(r#"{"next": ["/"], "username": "ada", "password": "secret"}"#).unwrap();
        assert_eq!((full.username.as_str(), full.password.expose()), ("ada", "secret"));
        for json in [
            r#"{"username": "ada"}"#,
            r#"{"password": "secret"}"#,
            r#"{"username": "ada", "username": "bob", "password": "secret"}"#,
            r#"{"username": "ada", "password": 7}"#,
            r#"["ada", "secret"]"#,
            "null",
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
