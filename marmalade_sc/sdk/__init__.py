"""What a source of music needs to speak to the dispatcher: OSC, templates of notes, frames."""
