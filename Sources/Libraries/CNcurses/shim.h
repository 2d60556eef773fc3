#pragma once

#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include <curses.h>
#include <locale.h>
#include <wchar.h>

// Mutable globals, which Swift 6 refuses.
static inline WINDOW *cn_stdscr(void) { return stdscr; }
static inline int cn_lines(void) { return LINES; }
static inline int cn_columns(void) { return COLS; }
static inline int cn_colors(void) { return COLORS; }
static inline int cn_color_pairs(void) { return COLOR_PAIRS; }

// Function-like macros, which Swift does not import.
static const attr_t cn_bold = A_BOLD;
static const attr_t cn_dim = A_DIM;
static const attr_t cn_underline = A_UNDERLINE;
static const attr_t cn_reverse = A_REVERSE;
static const mmask_t cn_mouse_all = ALL_MOUSE_EVENTS | REPORT_MOUSE_POSITION;
static const mmask_t cn_mouse_moved = REPORT_MOUSE_POSITION;
static const mmask_t cn_left_pressed = BUTTON1_PRESSED;
static const mmask_t cn_left_released = BUTTON1_RELEASED;
static const mmask_t cn_wheel_up = BUTTON4_PRESSED;
static const mmask_t cn_wheel_down = BUTTON5_PRESSED;
static const int cn_function_key = KEY_F0;

// Makes a cell; a pair above 255 goes through the extension pointer.
static inline int cn_set_cell(cchar_t *cell, const wchar_t *text, attr_t attributes, int pair) {
  return setcchar(cell, text, attributes, (short)(pair > 255 ? 255 : pair), &pair);
}
