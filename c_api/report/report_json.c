/* Shows a value of JSON on a page. */
#include "report/report_json_internal.h"

#include "report/report_words_internal.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8 };

static void write_seconds(moco__html *html, double seconds)
{
    if (seconds < 100) {
        moco__html_add(html, "%.1f s", seconds);
    } else {
        const long long all = (long long)(seconds + 0.5);
        moco__html_add(html, "%lld:%02lld:%02lld", all / 3600, all / 60 % 60, all % 60);
    }
}

static void write_number(moco__html *html, const json_t *value, moco__unit unit)
{
    if (unit == MOCO__SECONDS) {
        write_seconds(html, json_number_value(value));
    } else if (unit == MOCO__PERCENT) {
        moco__html_add(html, "%.2f %%", json_number_value(value));
    } else if (json_is_integer(value)) {
        moco__html_add(html, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        moco__html_add(html, "%.4g", json_real_value(value));
    }
}

/* Writes a value; a nested one as JSON. */
static void write_scalar(moco__html *html, const json_t *value, moco__unit unit)
{
    char *text = NULL;
    switch (json_typeof(value)) {
    case JSON_STRING:
        moco__html_text_part(html, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        write_number(html, value, unit);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        moco__html_add(html, "%s", json_is_true(value) ? "yes" : "no");
        break;
    case JSON_NULL:
        moco__html_add(html, "–");
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (text != NULL) {
            moco__html_text(html, text);
        } else if (html->status == MOCO_OK) {
            html->status = moco_error_set(MOCO_ENOMEM, "out of memory for a part of a page");
        }
        free(text);
        break;
    }
}

static bool is_matrix(const json_t *value)
{
    return json_array_size(json_array_get(value, 0)) > 0;
}

static bool is_table(const json_t *value)
{
    return is_matrix(value) || json_object_size(json_array_get(value, 0)) > 0;
}

/* Writes a cell; a percentage has a bar behind its number. @param value NULL: the cell is empty */
static void write_cell(moco__html *html, const json_t *value, moco__unit unit)
{
    if (json_is_number(value) && unit == MOCO__PERCENT) {
        moco__html_add(html, "<td class=\"num bar\" style=\"--v:%.1f%%\">", json_number_value(value));
    } else {
        moco__html_add(html, json_is_number(value) ? "<td class=\"num\">" : "<td>");
    }
    if (value != NULL) {
        write_scalar(html, value, unit);
    }
    moco__html_add(html, "</td>");
}

static void write_matrix(moco__html *html, const json_t *rows)
{
    moco__html_add(html, "<tbody>");
    for (size_t i = 0; i < json_array_size(rows); ++i) {
        const json_t *row = json_array_get(rows, i);
        moco__html_add(html, "<tr>");
        for (size_t j = 0; j < json_array_size(row); ++j) {
            write_cell(html, json_array_get(row, j), MOCO__PLAIN);
        }
        moco__html_add(html, "</tr>\n");
    }
    moco__html_add(html, "</tbody>");
}

/* Writes rows of objects; the first one's keys are the columns. */
static void write_rows(moco__html *html, const json_t *rows)
{
    const char *key;
    json_t *value;
    json_t *first = json_array_get(rows, 0);
    moco__html_add(html, "<thead><tr>");
    json_object_foreach(first, key, value)
    {
        moco__html_add(html, json_is_number(value) ? "<th scope=\"col\" class=\"num\">" : "<th scope=\"col\">");
        moco__html_text(html, moco__word_of(key).text);
        moco__html_add(html, "</th>");
    }
    moco__html_add(html, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); ++i) {
        moco__html_add(html, "<tr>");
        json_object_foreach(first, key, value)
        {
            write_cell(html, json_object_get(json_array_get(rows, i), key), moco__word_of(key).unit);
        }
        moco__html_add(html, "</tr>\n");
    }
    moco__html_add(html, "</tbody>");
}

static void write_table(moco__html *html, const json_t *rows, const char *caption)
{
    moco__html_add(html, "<div class=\"scroll\"><table>");
    if (caption != NULL) {
        moco__html_add(html, "<caption>");
        moco__html_text(html, caption);
        moco__html_add(html, "</caption>");
    }
    (is_matrix(rows) ? write_matrix : write_rows)(html, rows);
    moco__html_add(html, "</table></div>\n");
}

/* Returns whether a value is worth showing in a list of facts. */
static bool is_fact(const json_t *value)
{
    const char *text = json_string_value(value);
    return !json_is_object(value) && !is_table(value) && !json_is_null(value) &&
           (text == NULL || strcmp(text, "none") != 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): MAX_DEPTH bounds it. */
static void write_object(moco__html *html, const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    moco__html_add(html, "<dl class=\"facts\">\n");
    json_object_foreach((json_t *)object, key, value)
    {
        const moco__word word = moco__word_of(key);
        if (is_fact(value) && word.unit != MOCO__HIDDEN) {
            moco__html_add(html, "<div><dt>");
            moco__html_text(html, word.text);
            moco__html_add(html, "</dt><dd>");
            write_scalar(html, value, word.unit);
            moco__html_add(html, "</dd></div>\n");
        }
    }
    moco__html_add(html, "</dl>\n");
    json_object_foreach((json_t *)object, key, value)
    {
        if (is_table(value)) {
            write_table(html, value, moco__word_of(key).text);
        } else if (json_is_object(value) && depth < MAX_DEPTH) {
            moco__html_add(html, "<h4>");
            moco__html_text(html, moco__word_of(key).text);
            moco__html_add(html, "</h4>\n");
            write_object(html, value, depth + 1);
        }
    }
}

void moco__report_json(moco__html *html, const json_t *value)
{
    if (json_is_object(value)) {
        write_object(html, value, 0);
    } else if (is_table(value)) {
        write_table(html, value, NULL);
    } else {
        moco__html_add(html, "<p>");
        write_scalar(html, value, MOCO__PLAIN);
        moco__html_add(html, "</p>\n");
    }
}
