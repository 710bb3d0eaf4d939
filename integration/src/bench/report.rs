//! The tables: medians, and ratios to the original taken round by round.

use std::fmt::Write as _;

/// The numbers of one program for one thing: a value for each round.
#[derive(Clone, Debug)]
pub struct Series {
    /// The program's name.
    pub program: String,
    /// One row of values for each round.
    pub rounds: Vec<Vec<f64>>,
}

/// A table of one scenario: a line for each program, a column for each unit with its ratio beside it.
pub fn table(title: &str, units: &[&str], original: &str, series: &[Series]) -> String {
    let mut text = format!("{title}\n  {:<12}", "");
    for unit in units {
        let _ = write!(text, "{unit:>14}{:>8}", "ratio");
    }
    text.push('\n');
    let reference = series.iter().find(|s| s.program == original);
    for line in series {
        let _ = write!(text, "  {:<12}", line.program);
        for column in 0..units.len() {
            let values: Vec<f64> = line.rounds.iter().map(|round| round[column]).collect();
            let ratios = reference.map(|reference| {
                line.rounds.iter().zip(&reference.rounds).map(|(a, b)| a[column] / b[column]).collect()
            });
            let ratio = ratios.map_or_else(String::new, |ratios: Vec<f64>| format!("{:.2}", median(ratios)));
            let _ = write!(text, "{:>14}{ratio:>8}", number(median(values)));
        }
        text.push('\n');
    }
    text
}

/// The middle value; NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

fn number(value: f64) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        let series = |name: &str, values: [f64; 3]| Series {
            program: name.into(),
            rounds: values.map(|v| vec![v]).to_vec(),
        };
        let text =
            table("t", &["us"], "old", &[series("new", [5.0, 8.0, 30.0]), series("old", [10.0, 10.0, 60.0])]);
        assert!(
            text.lines().any(|line| line.contains("new") && line.contains("8.00") && line.contains("0.50")),
            "{text}"
        );
    }
}
