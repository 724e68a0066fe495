//! How many crates a user of ours has to compile and to trust.

use crate::metadata::{Metadata, tree};
use crate::report::{Findings, Result};

/// The number of crates, the named one included, stays below `limit`.
struct Budget {
    package: &'static str,
    limit: usize,
}

/// With default features, on the platform of the check.
const BUDGETS: [Budget; 2] =
    [Budget { package: "hallpass-core", limit: 30 }, Budget { package: "hallpass-axum", limit: 80 }];

pub(super) fn check(metadata: &Metadata, findings: &mut Findings) -> Result<()> {
    for budget in &BUDGETS {
        if !metadata.published().any(|package| package.name == budget.package) {
            findings.problem(format!("{}: has a budget but does not exist", budget.package));
            continue;
        }
        let count = tree(budget.package, &["--edges", "normal"])?.len();
        println!("{}: {count} crates, limit: under {}", budget.package, budget.limit);
        if let Some(excess) = budget.excess(count) {
            findings.problem(excess);
        }
    }
    Ok(())
}

impl Budget {
    fn excess(&self, count: usize) -> Option<String> {
        let Self { package, limit } = self;
        (count >= *limit).then(|| format!("{package}: {count} crates, has to stay under {limit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_too_much() {
        let budget = Budget { package: "x", limit: 30 };
        assert_eq!(budget.excess(29), None);
        assert_eq!(budget.excess(30).as_deref(), Some("x: 30 crates, has to stay under 30"));
    }
}
