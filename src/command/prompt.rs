//! `sao prompt`: the exact model request that an alarm event would cause.
//!
//! Owns the printing. Nothing is sent to any model.

use activities::shape::Context;
use serde_json::Value;

use crate::{
    cli::Prompt,
    command::Ending,
    error::CommandError,
    show::{self, Screen},
    think::{self, Thought},
};

pub(crate) async fn run(options: Prompt) -> Result<Ending, CommandError> {
    let event = super::read_json(&options.event)?;
    let setup = super::look_at(&options.data.data)?;
    let edge = setup.edge_only()?;
    let settings = super::context::within(setup.settings()?, options.budget.budget)?;
    let thought = think::prompt(&edge, &settings, &event).await?;
    let screen = Screen::new(options.output.json);
    let request = match thought {
        Thought::Ignored(reason) => return Err(CommandError::BadEvent(reason)),
        Thought::Request(request) => request,
    };
    let document = request.document();
    if options.output.json {
        show::json(&document);
        return Ok(Ending::Good);
    }
    let style = screen.style();
    screen.line(style.bold("System"));
    texts(&document["request"]["system"], &screen);
    for message in document["request"]["messages"].as_array().into_iter().flatten() {
        screen.gap();
        screen.line(style.bold(message["role"].as_str().unwrap_or("message")));
        texts(&message["content"], &screen);
    }
    screen.gap();
    let context: Context = serde_json::from_value(document["context"].clone())
        .map_err(|error| CommandError::Function(error.to_string()))?;
    for line in super::context::missing(&context) {
        screen.line(style.warn(&show::clean(&line)));
    }
    let tokens = &document["prompt_tokens_estimate"];
    screen.line(style.soft(&format!(
        "about {tokens} tokens, tools included; `--json` shows the whole request and what the rules answer"
    )));
    Ok(Ending::Good)
}

fn texts(blocks: &Value, screen: &Screen) {
    for text in blocks.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str()) {
        screen.line(show::clean(text));
    }
}
