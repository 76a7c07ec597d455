"""One file per verb: each turns an authorized `Call` into a `Response`."""
