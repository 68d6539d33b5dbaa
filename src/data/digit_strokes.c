/* How people write the ten digits: the points a pen goes through, several ways a digit.
 *
 * Drawn for this program on squared paper of 100 x 100. A way of writing is a habit, not a shape:
 * its proportions are stretched, slanted, bent and shaken later, so two entries here differ in the
 * order of strokes, in corners, loops and bars. The weights are guesses at how common each is.
 */
#include "data/digit_parts.h"

enum { DOWN = LM_PEN_DOWN, TO = LM_PEN_ROUND, TURN = LM_PEN_SHARP };

static const LmDigitPoint zero_oval[] = {
    {52, 0, DOWN}, {26, 14, TO}, {14, 50, TO}, {26, 86, TO}, {50, 100, TO},
    {74, 86, TO},  {86, 50, TO}, {74, 14, TO}, {49, 1, TO},
};
static const LmDigitPoint zero_from_side[] = {
    {66, 8, DOWN}, {42, 1, TO},  {20, 22, TO}, {14, 60, TO}, {34, 96, TO},
    {64, 96, TO},  {85, 62, TO}, {80, 24, TO}, {58, 3, TO},  {42, 9, TO},
};
static const LmDigitPoint zero_open[] = {
    {44, 4, DOWN}, {22, 28, TO}, {16, 64, TO}, {36, 98, TO},
    {66, 92, TO},  {82, 54, TO}, {72, 18, TO}, {54, 8, TO},
};
static const LmDigitPoint zero_looped[] = {
    {72, 16, DOWN}, {50, 8, TO},  {28, 18, TO}, {14, 56, TO}, {34, 97, TO}, {66, 95, TO},
    {84, 60, TO},   {72, 22, TO}, {48, 10, TO}, {38, 2, TO},  {50, 0, TO},
};

static const LmDigitPoint one_plain[] = {
    {52, 0, DOWN},
    {50, 50, TO},
    {48, 100, TO},
};
static const LmDigitPoint one_flag[] = {
    {30, 24, DOWN}, {42, 15, TO}, {55, 0, TURN}, {53, 50, TO}, {52, 100, TO},
};
static const LmDigitPoint one_base[] = {
    {30, 22, DOWN}, {53, 0, TURN}, {52, 50, TO}, {51, 98, TO}, {26, 100, DOWN}, {78, 98, TO},
};
static const LmDigitPoint one_long_flag[] = {
    {20, 42, DOWN}, {40, 22, TO}, {60, 0, TURN}, {58, 50, TO}, {55, 100, TO},
};

static const LmDigitPoint two_angle[] = {
    {18, 24, DOWN}, {34, 4, TO},    {64, 2, TO},  {80, 22, TO}, {68, 50, TO},
    {42, 74, TO},   {14, 98, TURN}, {50, 97, TO}, {88, 98, TO},
};
static const LmDigitPoint two_loop[] = {
    {20, 22, DOWN}, {42, 2, TO},  {72, 8, TO},  {78, 32, TO}, {60, 62, TO},  {34, 88, TO},
    {14, 94, TO},   {14, 82, TO}, {30, 80, TO}, {54, 92, TO}, {76, 100, TO}, {94, 92, TO},
};
static const LmDigitPoint two_zed[] = {
    {14, 12, DOWN}, {44, 2, TO},    {78, 12, TO}, {70, 36, TO},
    {42, 66, TO},   {12, 98, TURN}, {88, 95, TO},
};
static const LmDigitPoint two_swan[] = {
    {24, 34, DOWN}, {28, 10, TO},   {52, 0, TO},  {76, 14, TO}, {70, 42, TO},
    {44, 72, TO},   {16, 97, TURN}, {38, 90, TO}, {64, 99, TO}, {90, 88, TO},
};

static const LmDigitPoint three_bows[] = {
    {20, 14, DOWN}, {44, 0, TO},  {74, 10, TO}, {72, 34, TO}, {42, 46, TURN},
    {74, 54, TO},   {84, 78, TO}, {60, 99, TO}, {30, 98, TO}, {12, 84, TO},
};
static const LmDigitPoint three_flat[] = {
    {18, 4, DOWN}, {48, 4, TO},  {78, 3, TURN}, {44, 40, TURN}, {74, 50, TO},
    {84, 74, TO},  {64, 97, TO}, {34, 100, TO}, {12, 88, TO},
};
static const LmDigitPoint three_looped[] = {
    {20, 14, DOWN}, {50, 0, TO},  {77, 18, TO}, {62, 42, TO},  {42, 50, TO}, {38, 43, TO},
    {52, 44, TO},   {80, 62, TO}, {74, 90, TO}, {44, 100, TO}, {14, 88, TO},
};

static const LmDigitPoint four_open[] = {
    {26, 2, DOWN}, {20, 30, TO},  {14, 56, TURN}, {48, 56, TO},
    {84, 52, TO},  {70, 6, DOWN}, {67, 50, TO},   {64, 100, TO},
};
static const LmDigitPoint four_one_stroke[] = {
    {90, 64, DOWN}, {50, 67, TO}, {10, 68, TURN}, {36, 34, TO},
    {64, 0, TURN},  {62, 50, TO}, {60, 100, TO},
};
static const LmDigitPoint four_cup[] = {
    {20, 4, DOWN}, {18, 38, TO}, {36, 54, TO},  {72, 44, TO},
    {78, 0, DOWN}, {72, 50, TO}, {66, 100, TO},
};
static const LmDigitPoint four_sail[] = {
    {60, 0, DOWN}, {34, 36, TO},   {10, 70, TURN}, {50, 70, TO},
    {90, 67, TO},  {62, 34, DOWN}, {60, 70, TO},   {58, 100, TO},
};

static const LmDigitPoint five_one_stroke[] = {
    {78, 3, DOWN}, {52, 4, TO},  {28, 5, TURN}, {25, 24, TO},  {22, 43, TURN},
    {50, 36, TO},  {80, 56, TO}, {74, 88, TO},  {44, 100, TO}, {14, 90, TO},
};
static const LmDigitPoint five_bar_last[] = {
    {30, 5, DOWN}, {27, 26, TO}, {24, 46, TURN}, {54, 40, TO}, {80, 62, TO}, {70, 92, TO},
    {40, 100, TO}, {14, 88, TO}, {30, 6, DOWN},  {56, 4, TO},  {84, 2, TO},
};
static const LmDigitPoint five_round[] = {
    {80, 6, DOWN}, {48, 2, TO},  {26, 20, TO}, {36, 42, TO},
    {66, 53, TO},  {78, 76, TO}, {56, 98, TO}, {18, 94, TO},
};
static const LmDigitPoint five_loose_bar[] = {
    {32, 12, DOWN}, {26, 46, TURN}, {58, 44, TO},  {76, 70, TO},
    {58, 96, TO},   {18, 98, TO},   {38, 7, DOWN}, {86, 0, TO},
};

static const LmDigitPoint six_round[] = {
    {70, 2, DOWN}, {38, 24, TO}, {18, 60, TO}, {28, 92, TO}, {56, 100, TO},
    {78, 82, TO},  {70, 58, TO}, {44, 52, TO}, {22, 72, TO},
};
static const LmDigitPoint six_steep[] = {
    {52, 0, DOWN}, {32, 34, TO}, {20, 72, TO}, {40, 99, TO}, {68, 92, TO},
    {75, 70, TO},  {54, 56, TO}, {30, 68, TO}, {24, 82, TO},
};
static const LmDigitPoint six_curled[] = {
    {76, 14, DOWN}, {58, 2, TO},  {32, 20, TO}, {16, 60, TO}, {26, 90, TO},
    {50, 100, TO},  {75, 88, TO}, {76, 64, TO}, {52, 54, TO}, {24, 66, TO},
};
static const LmDigitPoint six_open[] = {
    {64, 0, DOWN}, {36, 26, TO}, {20, 62, TO}, {32, 94, TO},
    {62, 98, TO},  {80, 76, TO}, {62, 60, TO}, {40, 66, TO},
};

static const LmDigitPoint seven_plain[] = {
    {14, 8, DOWN}, {48, 6, TO}, {84, 5, TURN}, {58, 50, TO}, {42, 100, TO},
};
static const LmDigitPoint seven_barred[] = {
    {14, 7, DOWN}, {48, 6, TO},    {84, 5, TURN}, {60, 48, TO},
    {42, 100, TO}, {28, 53, DOWN}, {78, 49, TO},
};
static const LmDigitPoint seven_hooked[] = {
    {16, 24, DOWN}, {17, 5, TURN}, {50, 6, TO}, {82, 4, TURN}, {62, 42, TO}, {46, 100, TO},
};
static const LmDigitPoint seven_wave[] = {
    {12, 18, DOWN}, {28, 5, TO}, {56, 10, TO}, {86, 3, TURN}, {64, 44, TO}, {52, 100, TO},
};

static const LmDigitPoint eight_crossing[] = {
    {74, 16, DOWN}, {50, 0, TO},  {26, 16, TO},  {32, 38, TO}, {52, 48, TO},
    {76, 66, TO},   {74, 90, TO}, {48, 100, TO}, {24, 88, TO}, {26, 66, TO},
    {48, 49, TO},   {70, 36, TO}, {75, 15, TO},
};
static const LmDigitPoint eight_circles[] = {
    {50, 0, DOWN}, {28, 10, TO}, {28, 37, TO},   {50, 47, TO}, {72, 37, TO},
    {72, 10, TO},  {49, 0, TO},  {50, 47, DOWN}, {22, 58, TO}, {20, 88, TO},
    {50, 100, TO}, {80, 88, TO}, {78, 58, TO},   {50, 47, TO},
};
static const LmDigitPoint eight_open[] = {
    {82, 10, DOWN}, {52, 1, TO},  {26, 18, TO}, {40, 42, TO}, {66, 58, TO}, {74, 84, TO},
    {48, 100, TO},  {26, 84, TO}, {38, 60, TO}, {62, 40, TO}, {86, 6, TO},
};

static const LmDigitPoint nine_straight[] = {
    {74, 20, DOWN}, {52, 3, TO},    {26, 14, TO}, {24, 40, TO},  {46, 52, TO},
    {70, 36, TO},   {76, 14, TURN}, {74, 56, TO}, {68, 100, TO},
};
static const LmDigitPoint nine_curved[] = {
    {72, 18, DOWN}, {48, 2, TO},  {24, 18, TO}, {26, 42, TO},  {50, 50, TO}, {72, 32, TO},
    {76, 12, TURN}, {77, 55, TO}, {66, 90, TO}, {42, 100, TO}, {22, 90, TO},
};
static const LmDigitPoint nine_swung[] = {
    {78, 10, DOWN}, {46, 0, TO},   {20, 24, TO}, {34, 48, TO},
    {64, 38, TO},   {78, 8, TURN}, {70, 60, TO}, {54, 100, TO},
};
static const LmDigitPoint nine_round[] = {
    {76, 34, DOWN}, {58, 50, TO}, {30, 44, TO}, {22, 20, TO},  {48, 0, TO},
    {74, 14, TO},   {80, 44, TO}, {70, 82, TO}, {46, 100, TO},
};

#define WAY(name, weight)                                                                          \
    {                                                                                              \
        name, (int)LM_ARRAY_LEN(name), weight                                                      \
    }

static const LmDigitGlyph zero[] = {WAY(zero_oval, 40), WAY(zero_from_side, 30), WAY(zero_open, 15),
                                    WAY(zero_looped, 15)};
static const LmDigitGlyph one[] = {WAY(one_plain, 45), WAY(one_flag, 30), WAY(one_base, 15),
                                   WAY(one_long_flag, 10)};
static const LmDigitGlyph two[] = {WAY(two_angle, 35), WAY(two_loop, 25), WAY(two_zed, 20),
                                   WAY(two_swan, 20)};
static const LmDigitGlyph three[] = {WAY(three_bows, 50), WAY(three_flat, 20),
                                     WAY(three_looped, 30)};
static const LmDigitGlyph four[] = {WAY(four_open, 35), WAY(four_one_stroke, 25), WAY(four_cup, 20),
                                    WAY(four_sail, 20)};
static const LmDigitGlyph five[] = {WAY(five_one_stroke, 35), WAY(five_bar_last, 30),
                                    WAY(five_round, 15), WAY(five_loose_bar, 20)};
static const LmDigitGlyph six[] = {WAY(six_round, 35), WAY(six_steep, 25), WAY(six_curled, 20),
                                   WAY(six_open, 20)};
static const LmDigitGlyph seven[] = {WAY(seven_plain, 40), WAY(seven_barred, 25),
                                     WAY(seven_hooked, 15), WAY(seven_wave, 20)};
static const LmDigitGlyph eight[] = {WAY(eight_crossing, 50), WAY(eight_circles, 25),
                                     WAY(eight_open, 25)};
static const LmDigitGlyph nine[] = {WAY(nine_straight, 35), WAY(nine_curved, 25),
                                    WAY(nine_swung, 20), WAY(nine_round, 20)};

static const struct {
    const LmDigitGlyph *ways;
    int n;
} digits[10] = {
#define WAYS(name)                                                                                 \
    {                                                                                              \
        name, (int)LM_ARRAY_LEN(name)                                                              \
    }
    WAYS(zero), WAYS(one), WAYS(two),   WAYS(three), WAYS(four),
    WAYS(five), WAYS(six), WAYS(seven), WAYS(eight), WAYS(nine),
};

const LmDigitGlyph *lm_digit_strokes_get(int digit, int *n)
{
    LM_ASSERT(digit >= 0 && digit < 10);
    *n = digits[digit].n;
    return digits[digit].ways;
}
