//! The file of bounds.

use std::fmt::Write;

use super::figures::Figures;
use crate::report::Result;

const HEADING: &str = "\
# What hallpass adds to one round of a workload, over the bare framework. `cargo xtask guard` compares with it.
# Written by `cargo xtask guard --write`: raise a bound only on purpose, and say why.
";

pub(super) fn parse(text: &str) -> Result<Figures> {
    Ok(toml::from_str(text)?)
}

pub(super) fn render(figures: &Figures) -> String {
    let mut text = HEADING.to_owned();
    for (app, workloads) in figures {
        _ = write!(text, "\n[{app:?}]\n");
        for (workload, figure) in workloads {
            let (instructions, allocations) = (figure.instructions, figure.allocations);
            _ = writeln!(
                text,
                "{workload} = {{ instructions = {instructions:.0}, allocations = {allocations:.1} }}"
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::figures::figures;

    #[test]
    fn what_is_written_is_read_again() {
        let figures = figures(&[
            ("axum/layer", "no-cookie", 4000.0, 5.0),
            ("axum/layer", "user", 8000.0, 8.5),
            ("warp/hallpass", "user", 7000.0, 0.0),
        ]);
        assert_eq!(parse(&render(&figures)).unwrap(), figures);
    }

    #[test]
    fn a_misspelt_or_missing_figure_is_an_error() {
        for figure in ["instructions = 1", "instructions = 1, allocation = 1", "allocations = 1"] {
            assert!(parse(&format!("['axum/layer']\nuser = {{ {figure} }}")).is_err(), "{figure}");
        }
    }
}
