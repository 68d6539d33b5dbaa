/* Tensor: t:show(), images drawn in the terminal. */
#include "bind/b_tensor.h"
#include "bind/show.h"

LB_FUNCTION(
    lb_tensor_show, "tensor:show", lb_show_options,
    "tensor:show([n]) -> tensor; tensor:show{ max=16, columns= } -> tensor",
    "Draws an image (H x W or H x W x 1, 3, 4) or a batch of them on standard output: real pixels "
    "or colours where the terminal has them, else characters. u8 is drawn as it is; other numbers "
    "are stretched from black to white, and a line below says from where to where. The variable "
    "LUMA_GRAPHICS (kitty, truecolor, 256, plain) chooses the form.",
    "luma.tensor{ {0, 1}, {1, 0} }:show()\n"
    "luma.zeros({40, 8, 8, 3}, \"u8\"):show(4)")
{
    const LmTensor *t = lb_tensor_check(L, 1, fn);
    LbShow show = lb_show_parse(L, fn);
    LmPictureSource source;
    LmError err;
    lb_raise_if(L, lm_picture_of(&source, t, &err), fn, &err);
    return lb_show_print(L, fn, &source, &show, NULL);
}

void lb_tensor_show_open(lua_State *L)
{
    static const LbDoc *const docs[] = {&lb_tensor_show_doc, NULL};
    lb_handle_extend(L, &lb_tensor_type, docs, NULL);
}
