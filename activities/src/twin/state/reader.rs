//! The walk over a state file: each byte once, from the first to the last.
//!
//! Owns the file's shape: which fields a state, a resource and an instance have, in any order. Attributes are copied while
//! they are walked over; an instance with sensitive paths is read again as values, because the paths stand behind what
//! they name. Owns no sentence on why a file is not taken: the walk only says where it stopped.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};

use super::error::diagnosis;
use super::{LeftOut, Record, State, StateError, Type, end_of};
use crate::twin::address::{InstanceKey, push_address};
use crate::twin::copy::Copier;
use crate::twin::flat::unflatten;
use crate::twin::json::Json;
use crate::twin::names::Names;
use crate::twin::plan::Plan;
use crate::twin::redact;
use crate::twin::scan::{Scan, Stopped};

/// What has been read so far.
pub(super) struct Reader<'a, 'p> {
    whole: &'a str,
    scan: Scan<'a>,
    state: State,
    copier: Copier,
    names: Names,
    types: HashMap<String, u32>,
    last_type: u32,
    /// The providers as they stand in the file.
    providers: HashMap<&'a str, u32>,
    last_provider: (&'a str, u32),
    dependencies: HashMap<String, u32>,
    /// The list of dependencies that was read last: instances of one resource repeat it.
    former: (&'a str, Range<u32>),
    progress: &'p mut dyn FnMut(usize),
    told: usize,
}

/// The fields of a resource that its instances need.
#[derive(Default)]
struct Block<'a> {
    module: Option<Cow<'a, str>>,
    mode: Option<Cow<'a, str>>,
    resource_type: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    provider: Option<&'a str>,
}

/// The fields of an instance, its attributes aside.
#[derive(Default)]
struct Fields<'a> {
    index_key: Option<InstanceKey>,
    tainted: bool,
    deposed: bool,
    provider: Option<&'a str>,
    attributes: Option<&'a str>,
    attributes_flat: Option<&'a str>,
    sensitive: Option<&'a str>,
    dependencies: [Option<&'a str>; 2],
}

/// How much there was of everything, in order to go back.
struct Mark {
    records: usize,
    text: usize,
    addresses: usize,
    spans: usize,
    left_out: LeftOut,
}

impl<'a, 'p> Reader<'a, 'p> {
    pub(super) fn new(whole: &'a str, progress: &'p mut dyn FnMut(usize)) -> Self {
        let state = State {
            terraform_version: String::new(),
            lineage: String::new(),
            serial: 0,
            left_out: LeftOut::default(),
            text: String::new(),
            addresses: String::new(),
            types: Vec::new(),
            records: Vec::new(),
            spans: Vec::new(),
            dependencies: Vec::new(),
            declared: Vec::new(),
            by_address: Vec::new(),
            seed: 0,
            deposed: Vec::new(),
            providers: Vec::new(),
        };
        let mut copier = Copier::default();
        // Attributes are most of a file; what is reserved and never written to costs nothing.
        copier.text.reserve(whole.len());
        Self {
            whole,
            scan: Scan::new(whole),
            state,
            copier,
            names: Names::with(&FIELDS),
            types: HashMap::new(),
            last_type: 0,
            providers: HashMap::new(),
            last_provider: ("", 0),
            dependencies: HashMap::new(),
            former: ("", 0..0),
            progress,
            told: 0,
        }
    }

    /// Reads the whole file.
    pub(super) fn state(mut self) -> Result<State, StateError> {
        match self.file() {
            Ok(true) => {}
            Err(Stopped) if self.state.addresses.len() > State::MOST_BYTES => {
                return Err(StateError::TooLarge { bytes: self.state.addresses.len() });
            }
            Ok(false) | Err(Stopped) => return Err(diagnosis(self.whole, self.scan.at())),
        }
        self.state.text = std::mem::take(&mut self.copier.text);
        self.state.scrub(self.copier);
        self.state.index_addresses()?;
        Ok(self.state)
    }

    /// Reads the file and says whether it is a plain state of version 4.
    fn file(&mut self) -> Result<bool, Stopped> {
        let (mut version, mut encrypted) = (None, false);
        let (mut seen, mut first) = (Seen::default(), true);
        self.scan.enter(b'{')?;
        while let Some(field) = self.field(&mut first)? {
            match seen.once(field)? {
                VERSION => version = self.number()?,
                TERRAFORM_VERSION => self.state.terraform_version = self.text()?.into_owned(),
                LINEAGE => self.state.lineage = self.text()?.into_owned(),
                SERIAL => self.state.serial = self.number()?.ok_or(Stopped)?,
                OUTPUTS => self.outputs()?,
                RESOURCES => self.each(|reader| reader.resource())?,
                ENCRYPTED_DATA => encrypted = self.raw()?.is_some(),
                _ => self.scan.skip()?,
            }
        }
        self.scan.end()?;
        Ok(version == Some(4) && !encrypted)
    }

    fn outputs(&mut self) -> Result<(), Stopped> {
        if let Some(raw) = self.raw()? {
            let outputs: Map<String, Value> = serde_json::from_str(raw).map_err(|_| Stopped)?;
            self.copier.secrets.take_outputs(&outputs);
        }
        Ok(())
    }

    fn resource(&mut self) -> Result<(), Stopped> {
        if self.scan.at() - self.told > BETWEEN_REPORTS {
            self.told = self.scan.at();
            (self.progress)(self.told);
        }
        let mut block = Block::default();
        let (mut seen, mut first) = (Seen::default(), true);
        // Where the instances begin, and what there was before them.
        let mut instances: Option<(usize, usize, Mark)> = None;
        let mut early = false;
        self.scan.enter(b'{')?;
        while let Some(field) = self.field(&mut first)? {
            early |= instances.is_some() && (MODULE..=INSTANCES).contains(&field);
            match seen.once(field)? {
                MODULE => block.module = self.optional_text()?,
                MODE => block.mode = Some(self.text()?),
                TYPE => block.resource_type = Some(self.text()?),
                NAME => block.name = Some(self.text()?),
                PROVIDER => block.provider = self.raw()?,
                INSTANCES => {
                    instances = Some((self.scan.at(), self.scan.depth(), self.mark()));
                    early = block.mode.is_none() || block.resource_type.is_none() || block.name.is_none();
                    if early { self.scan.skip()? } else { self.instances(&block)? }
                }
                _ => self.scan.skip()?,
            }
        }
        if block.mode.is_none() || block.resource_type.is_none() || block.name.is_none() {
            return Err(Stopped);
        }
        if let Some((at, depth, mark)) = instances.filter(|_| early) {
            // The instances stood before what they are instances of: once more, knowing it.
            let end = (self.scan.at(), self.scan.depth());
            self.go_back(&mark);
            self.scan.rewind(at, depth);
            self.instances(&block)?;
            self.scan.rewind(end.0, end.1);
        }
        Ok(())
    }

    fn instances(&mut self, block: &Block<'a>) -> Result<(), Stopped> {
        let resource_type = self.type_of(block.resource_type.as_deref().unwrap_or_default());
        self.each(|reader| reader.instance(block, resource_type))
    }

    fn instance(&mut self, block: &Block<'a>, resource_type: u32) -> Result<(), Stopped> {
        let mark = self.mark();
        let fields = self.fields(resource_type)?;
        let sensitive = fields
            .sensitive
            .filter(|raw| *raw != "[]" && Json::new(raw).items().next().is_some() || !raw.starts_with('['));
        if sensitive.is_some() || fields.attributes.is_none() {
            self.copier.text.truncate(mark.text);
            self.state.spans.truncate(mark.spans);
            self.by_value(&fields, sensitive, resource_type)?;
        }
        let managed = block.mode.as_deref() == Some("managed");
        if managed && !fields.deposed {
            return self.record(block, &fields, resource_type, &mark);
        }
        // What it holds was looked at nevertheless: a data source or a deposed object knows secrets, too.
        self.go_back(&mark);
        if managed {
            self.state.left_out.deposed += 1;
            let mut address = String::new();
            self.push_address(&mut address, block, &fields, resource_type);
            self.state.deposed.push(address);
        } else {
            self.state.left_out.data_sources += 1;
        }
        Ok(())
    }

    /// Reads the fields of an instance and copies its attributes.
    fn fields(&mut self, resource_type: u32) -> Result<Fields<'a>, Stopped> {
        let mut fields = Fields::default();
        let (mut seen, mut first) = (Seen::default(), true);
        self.scan.enter(b'{')?;
        while let Some(field) = self.field(&mut first)? {
            match seen.once(field)? {
                INDEX_KEY => fields.index_key = self.key()?,
                STATUS => fields.tainted = self.optional_text()?.as_deref() == Some("tainted"),
                DEPOSED => fields.deposed = self.optional_text()?.is_some(),
                PROVIDER => fields.provider = self.raw()?,
                ATTRIBUTES => fields.attributes = self.attributes(resource_type)?,
                ATTRIBUTES_FLAT => fields.attributes_flat = self.raw()?,
                SENSITIVE_ATTRIBUTES => fields.sensitive = self.raw()?,
                DEPENDENCIES => fields.dependencies[0] = self.raw()?,
                DEPENDS_ON => fields.dependencies[1] = self.raw()?,
                _ => self.scan.skip()?,
            }
        }
        Ok(fields)
    }

    fn attributes(&mut self, resource_type: u32) -> Result<Option<&'a str>, Stopped> {
        if self.scan.peek()? != b'{' {
            return if self.raw()?.is_none() { Ok(None) } else { Err(Stopped) };
        }
        let start = self.scan.at();
        let plan = &mut self.state.types[resource_type as usize].plan;
        self.copier.attributes(&mut self.scan, plan, &mut self.state.spans)?;
        Ok(Some(self.scan.since(start)))
    }

    /// Reads the attributes of an instance as values: those with sensitive paths, and those of the flat form.
    fn by_value(&mut self, fields: &Fields<'a>, sensitive: Option<&str>, resource_type: u32) -> Result<(), Stopped> {
        let read = |raw: &str| serde_json::from_str::<Map<String, Value>>(raw).map_err(|_| Stopped);
        let mut attributes = match (fields.attributes, fields.attributes_flat) {
            (Some(nested), _) => read(nested)?,
            (None, Some(flat)) => unflatten(read(flat)?),
            (None, None) => Map::new(),
        };
        let paths = sensitive.map(serde_json::from_str::<Value>).transpose().map_err(|_| Stopped)?;
        let resource_type = &mut self.state.types[resource_type as usize];
        redact::attributes(&resource_type.name, &mut attributes, paths.as_ref(), &mut self.copier.secrets);
        let clean = Value::Object(attributes).to_string();
        self.copier.attributes(&mut Scan::new(&clean), &mut resource_type.plan, &mut self.state.spans)
    }

    fn record(
        &mut self,
        block: &Block<'a>,
        fields: &Fields<'a>,
        resource_type: u32,
        mark: &Mark,
    ) -> Result<(), Stopped> {
        let start = end_of(&self.state.addresses);
        let mut addresses = std::mem::take(&mut self.state.addresses);
        self.push_address(&mut addresses, block, fields, resource_type);
        self.state.addresses = addresses;
        if self.state.addresses.len() > State::MOST_BYTES {
            return Err(Stopped);
        }
        let provider = self.provider_of(fields.provider.or(block.provider).unwrap_or("\"\""))?;
        let record = Record {
            address: start..end_of(&self.state.addresses),
            attributes: mark.text as u32..end_of(&self.copier.text),
            spans: mark.spans as u32..self.state.spans.len() as u32,
            declared: self.declared(fields)?,
            resource_type,
            sum: 0,
            provider,
            tainted: fields.tainted,
            deposed: false,
        };
        self.state.records.push(record);
        Ok(())
    }

    fn push_address(&self, out: &mut String, block: &Block<'a>, fields: &Fields<'a>, resource_type: u32) {
        let (module, name) = (block.module.as_deref().unwrap_or_default(), block.name.as_deref().unwrap_or_default());
        let resource_type = &self.state.types[resource_type as usize].name;
        push_address(out, module, resource_type, name, fields.index_key.as_ref());
    }

    /// Takes the dependencies of an instance in and says where they stand.
    fn declared(&mut self, fields: &Fields<'a>) -> Result<Range<u32>, Stopped> {
        if fields.dependencies.iter().flatten().all(|raw| *raw == "[]") {
            return Ok(0..0);
        }
        let lists: Vec<&'a str> = fields.dependencies.iter().flatten().copied().filter(|raw| *raw != "[]").collect();
        if let [one] = lists.as_slice()
            && *one == self.former.0
        {
            return Ok(self.former.1.clone());
        }
        let start = self.state.declared.len() as u32;
        for list in &lists {
            for dependency in serde_json::from_str::<Vec<Cow<'_, str>>>(list).map_err(|_| Stopped)? {
                let next = self.state.dependencies.len() as u32;
                let at = match self.dependencies.get(dependency.as_ref()) {
                    Some(at) => *at,
                    None => {
                        self.dependencies.insert(dependency.clone().into_owned(), next);
                        self.state.dependencies.push(dependency.into_owned());
                        next
                    }
                };
                self.state.declared.push(at);
            }
        }
        let range = start..self.state.declared.len() as u32;
        if let [one] = lists.as_slice() {
            self.former = (one, range.clone());
        }
        Ok(range)
    }

    fn type_of(&mut self, name: &str) -> u32 {
        if self.state.types.get(self.last_type as usize).is_some_and(|last| last.name == name) {
            return self.last_type;
        }
        self.last_type = match self.types.get(name) {
            Some(known) => *known,
            None => {
                let next = self.state.types.len() as u32;
                self.state.types.push(Type { name: name.to_owned(), plan: Plan::of(name) });
                self.types.insert(name.to_owned(), next);
                next
            }
        };
        self.last_type
    }

    /// Takes the source out of `"module.a.provider[\"registry.terraform.io/hashicorp/aws\"].west"`.
    fn provider_of(&mut self, raw: &'a str) -> Result<u32, Stopped> {
        if self.last_provider.0 != raw {
            let known = self.providers.get(raw).copied();
            let number = match known {
                Some(number) => number,
                None => {
                    let text = Json::new(raw).text().ok_or(Stopped)?;
                    self.state.providers.push(text.split('"').nth(1).unwrap_or(&text).to_owned());
                    let next = self.state.providers.len() as u32 - 1;
                    self.providers.insert(raw, next);
                    next
                }
            };
            self.last_provider = (raw, number);
        }
        Ok(self.last_provider.1)
    }

    /// Steps to the next field and consumes its name; answers its place in [`FIELDS`], or a larger number.
    #[inline]
    fn field(&mut self, first: &mut bool) -> Result<Option<usize>, Stopped> {
        if !self.scan.more(b'}', first)? {
            return Ok(None);
        }
        self.scan.peek()?;
        if let Some(name) = self.names.expected(&mut self.scan) {
            return Ok(Some(name.number));
        }
        let name = self.scan.string()?.text()?;
        self.scan.expect(b':')?;
        Ok(Some(self.names.met(&name).number))
    }

    /// Reads each item of a list, which may be null.
    fn each(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Stopped>) -> Result<(), Stopped> {
        if self.scan.peek()? != b'[' {
            return if self.raw()?.is_none() { Ok(()) } else { Err(Stopped) };
        }
        self.scan.enter(b'[')?;
        let mut first = true;
        while self.scan.more(b']', &mut first)? {
            item(self)?;
        }
        Ok(())
    }

    /// The value that comes next as it stands; nothing for null.
    fn raw(&mut self) -> Result<Option<&'a str>, Stopped> {
        self.scan.peek()?;
        let start = self.scan.at();
        self.scan.skip()?;
        Ok(Some(self.scan.since(start)).filter(|raw| *raw != "null"))
    }

    fn text(&mut self) -> Result<Cow<'a, str>, Stopped> {
        self.scan.string()?.text()
    }

    fn optional_text(&mut self) -> Result<Option<Cow<'a, str>>, Stopped> {
        if self.scan.peek()? == b'"' { self.text().map(Some) } else { self.null() }
    }

    fn number(&mut self) -> Result<Option<u64>, Stopped> {
        self.raw()?.map(|raw| raw.parse().map_err(|_| Stopped)).transpose()
    }

    fn key(&mut self) -> Result<Option<InstanceKey>, Stopped> {
        match self.scan.peek()? {
            b'"' => Ok(Some(InstanceKey::Text(self.text()?.into_owned()))),
            _ => Ok(self.number()?.map(InstanceKey::Number)),
        }
    }

    fn null<T>(&mut self) -> Result<Option<T>, Stopped> {
        if self.raw()?.is_none() { Ok(None) } else { Err(Stopped) }
    }

    fn mark(&self) -> Mark {
        Mark {
            records: self.state.records.len(),
            text: self.copier.text.len(),
            addresses: self.state.addresses.len(),
            spans: self.state.spans.len(),
            left_out: self.state.left_out,
        }
    }

    fn go_back(&mut self, mark: &Mark) {
        self.state.records.truncate(mark.records);
        self.copier.text.truncate(mark.text);
        self.state.addresses.truncate(mark.addresses);
        self.state.spans.truncate(mark.spans);
        self.state.left_out = mark.left_out;
    }
}

/// Which fields of an object have been met: one that is there twice means nobody knows what.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    #[inline]
    fn once(&mut self, field: usize) -> Result<usize, Stopped> {
        let bit = if field < FIELDS.len() { 1 << field } else { 0 };
        if self.0 & bit != 0 {
            return Err(Stopped);
        }
        self.0 |= bit;
        Ok(field)
    }
}

/// The fields of a file, of a resource and of an instance; each is known by its place.
const FIELDS: [&str; 22] = [
    "version",
    "terraform_version",
    "lineage",
    "serial",
    "outputs",
    "resources",
    "encrypted_data",
    "format_version",
    "module",
    "mode",
    "type",
    "name",
    "provider",
    "instances",
    "index_key",
    "status",
    "deposed",
    "attributes",
    "attributes_flat",
    "sensitive_attributes",
    "dependencies",
    "depends_on",
];
const VERSION: usize = 0;
const TERRAFORM_VERSION: usize = 1;
const LINEAGE: usize = 2;
const SERIAL: usize = 3;
const OUTPUTS: usize = 4;
const RESOURCES: usize = 5;
const ENCRYPTED_DATA: usize = 6;
const MODULE: usize = 8;
const MODE: usize = 9;
const TYPE: usize = 10;
const NAME: usize = 11;
const PROVIDER: usize = 12;
const INSTANCES: usize = 13;
const INDEX_KEY: usize = 14;
const STATUS: usize = 15;
const DEPOSED: usize = 16;
const ATTRIBUTES: usize = 17;
const ATTRIBUTES_FLAT: usize = 18;
const SENSITIVE_ATTRIBUTES: usize = 19;
const DEPENDENCIES: usize = 20;
const DEPENDS_ON: usize = 21;

/// Bytes between two reports of progress.
const BETWEEN_REPORTS: usize = 4 << 20;
