//! Runs a program of a Debian package from the lab's cache:
//! `cargo run -p sealift-lab --example tool sid mydumper mydumper --version`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [suite, packages, program, arguments @ ..] = words.as_slice() else {
        return Err("usage: tool SUITE PACKAGE[,PACKAGE…] PROGRAM [ARGUMENT…]".into());
    };
    let packages: Vec<&str> = packages.split(',').collect();
    let programs = sealift_lab::packages::tools(suite, &packages)?;
    let status = programs.command(program)?.args(arguments).status()?;
    std::process::exit(status.code().unwrap_or(1))
}
