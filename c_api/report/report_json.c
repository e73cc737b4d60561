/* Tables of a file of JSON: names and values, rows of like objects, matrices. */
#include "report/report_internal.h"

#include "base/files_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A value; what is none of the simple ones, as JSON. */
static void write_scalar(moco__html *html, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        moco__html_text_part(html, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        moco__html_add(html, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        moco__html_add(html, "%.6g", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        moco__html_add(html, "%s", json_is_true(value) ? "yes" : "no");
        break;
    case JSON_NULL:
        moco__html_add(html, "-");
        break;
    case JSON_OBJECT:
    case JSON_ARRAY: {
        char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(6));
        moco__html_text(html, text != NULL ? text : "?");
        free(text);
        break;
    }
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

/* A cell of a table; NULL: an empty one. */
static void write_cell(moco__html *html, const json_t *value)
{
    moco__html_add(html, json_is_number(value) ? "<td class=\"num\">" : "<td>");
    if (value != NULL) {
        write_scalar(html, value);
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
            write_cell(html, json_array_get(row, j));
        }
        moco__html_add(html, "</tr>\n");
    }
    moco__html_add(html, "</tbody>");
}

/* Rows of objects; the first one's keys are the columns. */
static void write_rows(moco__html *html, const json_t *rows)
{
    const char *key;
    json_t *value;
    json_t *first = json_array_get(rows, 0);
    if (is_matrix(rows)) {
        write_matrix(html, rows);
        return;
    }
    moco__html_add(html, "<thead><tr>");
    json_object_foreach(first, key, value)
    {
        moco__html_add(html, json_is_number(value) ? "<th scope=\"col\" class=\"num\">" : "<th scope=\"col\">");
        moco__html_text(html, key);
        moco__html_add(html, "</th>");
    }
    moco__html_add(html, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); ++i) {
        moco__html_add(html, "<tr>");
        json_object_foreach(first, key, value)
        {
            write_cell(html, json_object_get(json_array_get(rows, i), key));
        }
        moco__html_add(html, "</tr>\n");
    }
    moco__html_add(html, "</tbody>");
}

static void write_pair(moco__html *html, const char *outer, const char *name, const json_t *value)
{
    moco__html_add(html, "<tr><th scope=\"row\">");
    moco__html_text(html, outer);
    moco__html_add(html, "%s", outer[0] != '\0' ? "." : "");
    moco__html_text(html, name);
    moco__html_add(html, "</th><td>");
    write_scalar(html, value);
    moco__html_add(html, "</td></tr>\n");
}

/* Names and values; those of an object within as "outer.inner"; tables within are left for later. */
static void write_pairs(moco__html *html, json_t *object)
{
    const char *outer;
    const char *inner;
    json_t *value;
    json_t *within;
    json_object_foreach(object, outer, value)
    {
        if (json_is_object(value)) {
            json_object_foreach(value, inner, within)
            {
                if (!is_table(within)) {
                    write_pair(html, outer, inner, within);
                }
            }
        } else if (!is_table(value)) {
            write_pair(html, "", outer, value);
        }
    }
}

/* A caption of a file's name and, if it is not "", that of a value in it. */
static void begin_table(moco__html *html, const char *title, const char *outer, const char *name)
{
    moco__html_add(html, "<div class=\"card scroll\"><table><caption>");
    moco__html_text(html, title);
    moco__html_text(html, name[0] != '\0' ? ": " : "");
    moco__html_text(html, outer);
    moco__html_text(html, outer[0] != '\0' ? "." : "");
    moco__html_text(html, name);
    moco__html_add(html, "</caption>\n");
}

static void write_table(moco__html *html, const json_t *rows, const char *title, const char *outer, const char *name)
{
    begin_table(html, title, outer, name);
    write_rows(html, rows);
    moco__html_add(html, "</table></div>\n");
}

/* The tables in an object, and in the objects within. */
static void write_tables(moco__html *html, json_t *object, const char *title)
{
    const char *outer;
    const char *inner;
    json_t *value;
    json_t *within;
    json_object_foreach(object, outer, value)
    {
        if (is_table(value)) {
            write_table(html, value, title, "", outer);
        }
        json_object_foreach(value, inner, within)
        {
            if (is_table(within)) {
                write_table(html, within, title, outer, inner);
            }
        }
    }
}

static void write_value(moco__html *html, json_t *root, const char *title)
{
    begin_table(html, title, "", "");
    if (is_table(root)) {
        write_rows(html, root);
    } else if (json_is_object(root)) {
        moco__html_add(html, "<tbody>\n");
        write_pairs(html, root);
        moco__html_add(html, "</tbody>");
    } else {
        moco__html_add(html, "<tbody><tr><td>");
        write_scalar(html, root);
        moco__html_add(html, "</td></tr></tbody>");
    }
    moco__html_add(html, "</table></div>\n");
    write_tables(html, root, title);
}

void moco__report_json(moco__html *html, const char *path, const char *title)
{
    char *text = NULL;
    size_t size = 0;
    json_error_t error = { .line = 0 };
    json_t *root =
        moco__file_read(&text, &size, path) == MOCO_OK ? json_loadb(text, size, JSON_DECODE_ANY, &error) : NULL;
    if (root != NULL) {
        write_value(html, root, title);
    } else {
        moco__html_add(html, "<p class=\"note\">");
        moco__html_text(html, title);
        moco__html_add(html, " cannot be read: ");
        moco__html_text(html, text == NULL ? moco_error_message() : error.text);
        moco__html_add(html, "</p>\n");
    }
    json_decref(root);
    free(text);
}
