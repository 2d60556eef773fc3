int ct_module_placeholder(void) { return 0; }
