//! The product as users get it, built by cargo.

use std::path::PathBuf;
use std::process::Command;

/// Builds `sealift` in release mode and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn sealift() -> Result<PathBuf, String> {
    release(&["--package", "sealift"])?;
    Ok(target_folder().join("release/sealift"))
}

/// Builds `sealift` with the checks of a debug build (overflows, assertions) and says where it is. Of the whole
/// workspace, so that nothing is built that tests have not built already.
///
/// # Errors
/// When it does not build.
pub(crate) fn checked_sealift() -> Result<PathBuf, String> {
    build(&["--workspace", "--bin", "sealift"])?;
    Ok(target_folder().join("debug/sealift"))
}

/// Builds an example of a package in release mode and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn example(package: &str, name: &str) -> Result<PathBuf, String> {
    release(&["--package", package, "--example", name])?;
    Ok(target_folder().join("release/examples").join(name))
}

/// Builds the program that decodes logs with the crates of others, and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn peers() -> Result<PathBuf, String> {
    let folder = target_folder().join("peers");
    let into = folder.to_string_lossy();
    release(&["--manifest-path", "peers/Cargo.toml", "--target-dir", &into])?;
    Ok(folder.join("release/sealift-peers"))
}

fn release(what: &[&str]) -> Result<(), String> {
    build(&[&["--release"], what].concat())
}

fn build(what: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet"])
        .args(what)
        .status()
        .map_err(|error| format!("start cargo: {error}"))?;
    if built.success() { Ok(()) } else { Err(format!("{} does not build", what.join(" "))) }
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> PathBuf {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    // Commands run in other folders.
    std::path::absolute(&folder).unwrap_or(folder)
}
