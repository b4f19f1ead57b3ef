//! The templates of this home, for callers without a command line. Their files are read each time, so that an edit
//! counts at once.

use crate::app::App;
use crate::templates::{self, Shelf, Template, TemplateError};

impl App {
    pub fn templates(&self) -> Result<Shelf, TemplateError> {
        templates::load(&self.home)
    }

    pub fn template(&self, name: &str) -> Result<Template, TemplateError> {
        templates::find(&self.home, name)
    }
}
