/*
 * With MOCO_FAULT_SMALL_PICTURES, writes of each chart one pixel: compressing a chart takes longer than all else of a
 * command that draws some, and a campaign draws them thousands of times.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <dlfcn.h>

typedef int write_function(void *closure, const unsigned char *bytes, unsigned int size);

/* Of cairo.h, which the shim does without. */
typedef int png_function(void *surface, write_function *write, void *closure);
typedef void *part_function(void *surface, double x, double y, double width, double height);
typedef void destroy_function(void *surface);
png_function cairo_surface_write_to_png_stream;

int cairo_surface_write_to_png_stream(void *surface, write_function *write, void *closure)
{
    png_function *real = (png_function *)dlsym(RTLD_NEXT, "cairo_surface_write_to_png_stream");
    if (shim_variable("MOCO_FAULT_SMALL_PICTURES") == 0) {
        return real(surface, write, closure);
    }
    part_function *part = (part_function *)dlsym(RTLD_NEXT, "cairo_surface_create_for_rectangle");
    destroy_function *destroy = (destroy_function *)dlsym(RTLD_NEXT, "cairo_surface_destroy");
    void *pixel = part(surface, 0, 0, 1, 1);
    const int status = real(pixel, write, closure);
    destroy(pixel);
    return status;
}
