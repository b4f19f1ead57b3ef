//! Templates of this home, for whoever mints without a command line. Read from their files each time, so that an edit
//! counts at once.

use super::App;
use crate::templates::{self, Shelf, Template, TemplateError};

impl App {
    pub fn templates(&self) -> Result<Shelf, TemplateError> {
        templates::load(&self.home)
    }

    pub fn template(&self, name: &str) -> Result<Template, TemplateError> {
        templates::find(&self.home, name)
    }
}
