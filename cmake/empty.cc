// A layer that has no source file yet.
