//! `sao twin export`: the whole twin as one document.
//!
//! Owns where it goes. What the document says is `activities`'.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use activities::{
    shape::LayerAnswer,
    twin::{Document, EXPORT_SCHEMA, Export, Policy},
};
use edge::EdgeError;

use crate::{
    cli::TwinExport,
    command::{Ending, look_at},
    error::CommandError,
};

pub(super) fn run(options: &TwinExport) -> Result<Ending, CommandError> {
    if options.schema {
        print!("{EXPORT_SCHEMA}");
        return Ok(Ending::Good);
    }
    if !options.jsonld {
        return Err(CommandError::Usage("say in which form: `sao twin export --jsonld`".to_owned()));
    }
    let edge = look_at(&options.data.data)?.edge_only()?;
    let failed = |error: EdgeError| CommandError::Function(error.to_string());
    let topology = edge.twin().topology().map_err(failed)?;
    let (governance, constraints) = (edge.twin().governance(), edge.twin().constraints());
    let precedents = edge.precedents().map_err(failed)?;
    let policy = Policy::read(&documents(&governance), &documents(&constraints));
    let export = Export { topology: &topology, policy: &policy, precedents: &precedents };
    let (written, path) = match &options.out {
        Some(path) => (File::create(path).and_then(|file| write(&export, file)), path.clone()),
        None => (write(&export, io::stdout().lock()), "standard output".into()),
    };
    match written {
        // A reader that went away (`| head`) has seen what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Ending::Good),
        Err(source) => Err(CommandError::Write { path, source }),
        Ok(()) => Ok(Ending::Good),
    }
}

fn write(export: &Export<'_>, out: impl io::Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    export.write(&mut out)?;
    out.flush()
}

/// The files of a layer; a layer that cannot be read has none, and is exported as missing.
fn documents(layer: &Result<LayerAnswer, EdgeError>) -> Vec<Document<'_>> {
    let documents = layer.as_ref().map(|layer| layer.documents.as_slice()).unwrap_or_default();
    documents.iter().map(|document| Document { name: &document.name, text: &document.text }).collect()
}
