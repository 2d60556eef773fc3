// The module's sources arrive with its first real file.
