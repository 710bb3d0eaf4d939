//! The effective election table, and warnings of mistakes that no complaint names.

/// Explains a configuration to people.
pub fn explain(config: &crate::model::Config) -> String {
    format!("{} VRRP instances\n", config.instances.len())
}
