//! `make compatibility`: writes `docs/COMPATIBILITY.md` from the keyword tables of the built programs.

use std::fs;

use anyhow::Result;
use integration::coverage::document::{Sources, document};
use integration::subject;

fn main() -> Result<()> {
    let (rhaproxy, rkeepalived) = (subject::ours("rhaproxy")?, subject::ours("rkeepalived")?);
    let sources = Sources::read(&rhaproxy, &rkeepalived, &subject::root().join("integration/coverage"))?;
    let file = subject::root().join("docs/COMPATIBILITY.md");
    fs::write(&file, document(&sources, &rhaproxy)?)?;
    println!("{} written", file.display());
    Ok(())
}
