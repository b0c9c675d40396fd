//! What is known of each Terraform type: what it is in AWS, by which names it goes, and which of its attributes matter in an
//! incident.
//!
//! Owns the form of the tables and the look-up; the rows stand in one file for each part of AWS. A type without a row is still
//! a node: it has its ARN, its `id` and its `name`.

mod compute;
mod data;
mod front;
mod messaging;
mod network;
mod security;

/// What is known of one Terraform type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The Terraform type.
    pub terraform: &'static str,
    /// The service, as the third part of an ARN names it.
    pub service: &'static str,
    /// The CloudFormation type; empty where CloudFormation has none of its own.
    pub cloudformation: &'static str,
    /// What people call it.
    pub noun: &'static str,
    /// The attribute that holds the resource's own ARN; empty where none does, even if one is called `arn`.
    pub arn: &'static str,
    /// The attributes by whose values the resource is known in AWS, beside its ARN and `id`; `cache_nodes.address` stands
    /// inside of a block.
    pub names: &'static [&'static str],
    /// The attributes that matter in an incident, most telling first.
    pub attributes: &'static [Attribute],
    /// Shared infrastructure: what stands around it has nothing else in common.
    pub shared: bool,
}

/// One attribute that matters in an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute, as the provider calls it.
    pub name: &'static str,
    /// What its value is.
    pub form: Form,
    /// Whether a model may see it. Addresses, user names and whole policies stay in the twin.
    pub shown: bool,
}

/// What the value of an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text.
    Text,
    /// A whole number; legacy states write it as a text.
    Integer,
    /// A number that need not be whole.
    Number,
    /// `true` or `false`; legacy states write it as a text.
    Boolean,
    /// A list or set of texts or numbers.
    List,
    /// A block, a map, or a JSON text.
    Document,
    /// The name or ARN of another resource, or a list of such.
    Reference,
}

impl Kind {
    /// The attributes that matter and that a model may see, most telling first.
    pub fn facts(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.attributes.iter().filter(|attribute| attribute.shown).map(|attribute| attribute.name)
    }

    /// The attribute of this name, if it matters.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The same, with its own ARN in another attribute, or in none.
    const fn arn_in(self, arn: &'static str) -> Self {
        Self { arn, ..self }
    }

    const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }
}

/// Looks a Terraform type up.
pub fn kind_of(terraform: &str) -> Option<&'static Kind> {
    // Each table is sorted by type, which a test holds.
    TABLES.iter().find_map(|table| {
        let at = table.binary_search_by(|kind| kind.terraform.cmp(terraform)).ok()?;
        Some(&table[at])
    })
}

/// Every type that is known.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// A row; the pair is the service and the CloudFormation type.
const fn kind(
    terraform: &'static str,
    (service, cloudformation): (&'static str, &'static str),
    noun: &'static str,
    names: &'static [&'static str],
    attributes: &'static [Attribute],
) -> Kind {
    Kind { terraform, service, cloudformation, noun, arn: "arn", names, attributes, shared: false }
}

const fn attribute(name: &'static str, form: Form) -> Attribute {
    Attribute { name, form, shown: true }
}

const fn text(name: &'static str) -> Attribute {
    attribute(name, Form::Text)
}

const fn integer(name: &'static str) -> Attribute {
    attribute(name, Form::Integer)
}

const fn number(name: &'static str) -> Attribute {
    attribute(name, Form::Number)
}

const fn boolean(name: &'static str) -> Attribute {
    attribute(name, Form::Boolean)
}

const fn list(name: &'static str) -> Attribute {
    attribute(name, Form::List)
}

const fn document(name: &'static str) -> Attribute {
    attribute(name, Form::Document)
}

const fn reference(name: &'static str) -> Attribute {
    attribute(name, Form::Reference)
}

/// Matters for the twin, and is not shown to a model.
const fn kept(attribute: Attribute) -> Attribute {
    Attribute { shown: false, ..attribute }
}

const TABLES: [&[Kind]; 6] =
    [compute::KINDS, data::KINDS, front::KINDS, messaging::KINDS, network::KINDS, security::KINDS];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_each_row_is_found() {
        for table in TABLES {
            assert!(table.windows(2).all(|two| two[0].terraform < two[1].terraform));
        }
        assert!(kinds().all(|kind| kind_of(kind.terraform) == Some(kind)), "a type stands in two tables");
        assert_eq!(kind_of("aws_unknown"), None);
    }

    #[test]
    fn each_row_says_what_it_is_in_aws() {
        for kind in kinds() {
            assert!(!kind.service.is_empty() && !kind.noun.is_empty(), "{}", kind.terraform);
            assert!(kind.cloudformation.is_empty() || kind.cloudformation.starts_with("AWS::"), "{}", kind.terraform);
            let mut names: Vec<&str> = kind.attributes.iter().map(|attribute| attribute.name).collect();
            names.sort_unstable();
            assert!(!names.is_empty() && names.windows(2).all(|two| two[0] != two[1]), "{}", kind.terraform);
        }
    }

    #[test]
    fn what_a_model_may_not_see_is_no_fact() {
        let database = kind_of("aws_db_instance").unwrap();
        assert!(database.facts().any(|name| name == "instance_class"));
        assert!(database.attribute("username").is_some_and(|attribute| !attribute.shown));
        assert!(database.facts().all(|name| name != "username" && name != "endpoint"));
    }

    #[test]
    fn at_least_forty_types_are_known() {
        assert!(kinds().count() >= 40, "{}", kinds().count());
    }
}
