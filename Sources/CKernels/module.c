int ck_module_placeholder(void) { return 0; }
