//! The drawing of a scene: places, lines and letters.
//!
//! Owns the measures and the colours: black on white with a coloured bar, so that it prints. Owns no facts.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Arrow, Card, Column, Scene};

/// Writes a scene as SVG.
pub(super) fn svg(scene: &Scene) -> String {
    let tallest = scene.columns.iter().map(rows).max().unwrap_or(1);
    let width = MARGIN * 2 + scene.columns.len() as i32 * (WIDTH + GAP) - GAP;
    let height = MARGIN * 2 + HEADING + tallest as i32 * (HEIGHT + SPACE) - SPACE;
    let places = places(scene, height);
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"t d\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <title id=\"t\">{}</title>\n<desc id=\"d\">{}</desc>\n{DEFINITIONS}\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
        escaped(&scene.title),
        escaped(&scene.description),
    );
    scene.arrows.iter().for_each(|arrow| line(&mut out, arrow, &places));
    for (number, column) in scene.columns.iter().enumerate() {
        draw_column(&mut out, column, number, height, &places);
    }
    // The words come last, so that no line crosses them.
    scene.arrows.iter().for_each(|arrow| words(&mut out, arrow, &places));
    out.push_str("</svg>\n");
    out
}

type Places = HashMap<u32, (i32, i32)>;

/// The upper left corner of each box; every column stands in the middle of the height.
fn places(scene: &Scene, height: i32) -> Places {
    let mut places = Places::new();
    for (number, column) in scene.columns.iter().enumerate() {
        for (row, card) in column.boxes.iter().enumerate() {
            places.insert(card.at, (left(number), top(column, height) + row as i32 * (HEIGHT + SPACE)));
        }
    }
    places
}

fn draw_column(out: &mut String, column: &Column, number: usize, height: i32, places: &Places) {
    let (x, y) = (left(number), top(column, height));
    if !column.heading.is_empty() {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{}\" fill=\"#57606a\">{}</text>", y - 8, column.heading);
    }
    for card in &column.boxes {
        if let Some((x, y)) = places.get(&card.at) {
            draw_card(out, card, *x, *y);
        }
    }
    if column.more > 0 {
        let y = y + column.boxes.len() as i32 * (HEIGHT + SPACE) + 14;
        let _ = writeln!(out, "<text x=\"{}\" y=\"{y}\" fill=\"#57606a\">and {} more</text>", x + 10, column.more);
    }
}

fn draw_card(out: &mut String, card: &Card, x: i32, y: i32) {
    let (stroke, weight) = if card.centre { ("#1f2328", 2) } else { ("#8c959f", 1) };
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"5\" fill=\"#fff\" stroke=\"{stroke}\" \
         stroke-width=\"{weight}\"/><rect x=\"{x}\" y=\"{y}\" width=\"6\" height=\"{HEIGHT}\" rx=\"3\" fill=\"{}\"/>\
         <text x=\"{}\" y=\"{}\" font-size=\"11\" fill=\"#57606a\">{}</text>\
         <text x=\"{}\" y=\"{}\" font-weight=\"600\" fill=\"#1f2328\">{}</text></g>",
        escaped(&card.id),
        colour(card.family),
        x + 14,
        y + 17,
        escaped(&shortened(&card.noun)),
        x + 14,
        y + 34,
        escaped(&shortened(&card.name)),
    );
}

/// A line from side to side; within a column it goes round on the left.
fn line(out: &mut String, arrow: &Arrow, places: &Places) {
    let (Some(&(fx, fy)), Some(&(tx, ty))) = (places.get(&arrow.from), places.get(&arrow.to)) else { return };
    let (fy, ty) = (fy + HEIGHT / 2, ty + HEIGHT / 2);
    let path = match fx.cmp(&tx) {
        std::cmp::Ordering::Less => {
            let middle = (fx + WIDTH + tx) / 2;
            format!("M{} {fy} C{middle} {fy} {middle} {ty} {} {ty}", fx + WIDTH, tx - TIP)
        }
        std::cmp::Ordering::Greater => {
            let middle = (tx + WIDTH + fx) / 2;
            format!("M{fx} {fy} C{middle} {fy} {middle} {ty} {} {ty}", tx + WIDTH + TIP)
        }
        std::cmp::Ordering::Equal => format!("M{fx} {fy} C{0} {fy} {0} {ty} {1} {ty}", fx - BOW, tx - TIP),
    };
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#6e7781\" marker-end=\"url(#tip)\"/>");
}

/// The relations, in the middle of their line.
fn words(out: &mut String, arrow: &Arrow, places: &Places) {
    let (Some(&(fx, fy)), Some(&(tx, ty))) = (places.get(&arrow.from), places.get(&arrow.to)) else { return };
    let words = arrow.relations.join(", ").replace('_', " ");
    let (x, y) = if fx == tx {
        (fx - BOW / 2, (fy + ty + HEIGHT) / 2)
    } else {
        // Nearer to the end that has fewer lines: the one away from the middle of the picture.
        // What leads back stands below the line, for the same two may be joined both ways.
        let beside = if fx < tx { -4 } else { 10 };
        ((fx.max(tx) + fx.min(tx) + WIDTH) / 2, (fy + ty + HEIGHT) / 2 + beside)
    };
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" font-size=\"10\" fill=\"#24292f\" stroke=\"#fff\" stroke-width=\"3\" \
         paint-order=\"stroke\">{words}</text>"
    );
}

fn rows(column: &Column) -> usize {
    column.boxes.len() + usize::from(column.more > 0)
}

fn left(number: usize) -> i32 {
    MARGIN + number as i32 * (WIDTH + GAP)
}

fn top(column: &Column, height: i32) -> i32 {
    let own = rows(column) as i32 * (HEIGHT + SPACE) - SPACE;
    HEADING + (height - HEADING - own) / 2
}

/// At most as many letters as fit; names differ at their ends more than in their middle.
fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= LETTERS {
        return text.to_owned();
    }
    let (head, tail) = (LETTERS / 2 - 1, LETTERS - LETTERS / 2);
    letters[..head].iter().chain(['…'].iter()).chain(&letters[letters.len() - tail..]).collect()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for the others, not even escaped.
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

fn colour(family: &str) -> &'static str {
    match family {
        "compute" => "#bc4c00",
        "data" => "#0550ae",
        "messages" => "#bf3989",
        "front" => "#6639ba",
        "guard" => "#116329",
        _ => "#57606a",
    }
}

const DEFINITIONS: &str = "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"1\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
    orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#6e7781\"/></marker></defs>\n";
const WIDTH: i32 = 210;
const HEIGHT: i32 = 46;
/// Between two columns.
const GAP: i32 = 120;
/// Between two boxes.
const SPACE: i32 = 16;
const MARGIN: i32 = 60;
const HEADING: i32 = 20;
const TIP: i32 = 8;
const BOW: i32 = 50;
const LETTERS: usize = 23;
