//! Which version the tables are of.

use crate::SetupError;
use crate::names::Names;

/// The version of the tables that this release works with.
pub(crate) const VERSION: i64 = 1;

/// The statement that answers the version.
pub(crate) const ASK_VERSION: &str = "SELECT MAX(version) FROM hallpass_schema";

/// One file of the `migrations` folder.
pub(crate) struct Migration {
    /// The version of the tables once it is applied.
    pub(crate) version: i64,
    /// Its text.
    pub(crate) text: &'static str,
}

/// Whether tables of this version can be worked with; `None` if there are none.
pub(crate) fn check(found: Option<i64>, names: &Names) -> Result<(), SetupError> {
    match found {
        None => Err(SetupError::SchemaMissing { tables: names.to_string() }),
        Some(found) if found < VERSION => Err(SetupError::SchemaOlder { found, needed: VERSION }),
        Some(found) if found > VERSION => Err(SetupError::SchemaNewer { found, needed: VERSION }),
        Some(_) => Ok(()),
    }
}

/// The files that are still to be applied to tables of this version.
pub(crate) fn missing(found: Option<i64>, all: &[Migration]) -> Result<&[Migration], SetupError> {
    let found = found.unwrap_or(0);
    if found > VERSION {
        return Err(SetupError::SchemaNewer { found, needed: VERSION });
    }
    let applied = all.iter().take_while(|migration| migration.version <= found).count();
    Ok(&all[applied..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_of_this_release_is_worked_with() {
        let names = Names::new(None, "hallpass_").unwrap();
        assert!(
            matches!(check(None, &names), Err(SetupError::SchemaMissing { tables }) if tables == "hallpass_")
        );
        assert!(matches!(check(Some(0), &names), Err(SetupError::SchemaOlder { found: 0, .. })));
        assert!(check(Some(VERSION), &names).is_ok());
        assert!(matches!(check(Some(VERSION + 1), &names), Err(SetupError::SchemaNewer { .. })));
    }

    #[test]
    fn what_is_applied_is_not_applied_again() {
        let all = [Migration { version: 1, text: "a" }, Migration { version: 2, text: "b" }];
        let texts = |found| {
            let missing = missing(found, &all).unwrap();
            missing.iter().map(|migration| migration.text).collect::<String>()
        };
        assert_eq!(texts(None), "ab");
        assert_eq!(texts(Some(0)), "ab");
        assert_eq!(texts(Some(1)), "b");
        assert!(missing(Some(VERSION + 1), &all).is_err());
    }
}
