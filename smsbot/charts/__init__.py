"""Charts as SVG text, made on the server: values in, a picture out; no script, no font, no file."""
