//! The part of helmfile that plans of releases need: load, select, order, render.
