//! Numbers on their way into the Prometheus text form.

use std::collections::BTreeMap;

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Metric families of one scrape, in the order of their names.
#[derive(Debug, Default)]
pub struct Families {
    all: BTreeMap<String, MetricFamily>,
}

impl Families {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one sample; the first one of a name decides help text and kind.
    pub fn add(&mut self, name: &str, help: &str, kind: Kind, labels: &[(&str, &str)], value: f64) {
        let family = self.all.entry(name.to_owned()).or_insert_with(|| {
            let mut family = MetricFamily::default();
            family.set_name(name.to_owned());
            family.set_help(help.to_owned());
            family.set_field_type(match kind {
                Kind::Counter => MetricType::COUNTER,
                Kind::Gauge => MetricType::GAUGE,
            });
            family
        });
        let mut metric = Metric::default();
        let pairs: Vec<LabelPair> = labels.iter().map(|(name, value)| pair(name, value)).collect();
        metric.set_label(pairs);
        match kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Kind::Gauge => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        family.mut_metric().push(metric);
    }

    /// The text form.
    pub fn encode(self) -> String {
        let families: Vec<MetricFamily> = self.all.into_values().collect();
        let mut text = Vec::new();
        // The encoder refuses only families without samples, which cannot arise here.
        let _ = TextEncoder::new().encode(&families, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        let mut families = Families::new();
        families.add("x_total", "help", Kind::Counter, &[("a", "b\"c")], 3.0);
        families.add("x_total", "help", Kind::Counter, &[("a", "d")], 4.0);
        families.add("up", "is up", Kind::Gauge, &[], 1.0);
        let text = "# HELP up is up\n# TYPE up gauge\nup 1\n# HELP x_total help\n# TYPE x_total counter\n\
                    x_total{a=\"b\\\"c\"} 3\nx_total{a=\"d\"} 4\n";
        assert_eq!(families.encode(), text);
    }
}
