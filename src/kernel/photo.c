/* Matrices of colour, worked out in double.
 *
 * With L = the grey of a pixel in all three channels, saturation is s*I + (1-s)*L and hue is
 * I + (cos - 1)(I - L) + sin*K, where K turns I and Q by a right angle: K = A J B with B from RGB
 * to (I, Q), A back, J = [[0, 1], [-1, 0]]: from red by way of yellow to green as
 * the angle grows. Written so, both are exactly I where they change nothing.
 */
#include "kernel/photo.h"

#include "kernel/math.h"

static const double luma[3] = {0.299, 0.587, 0.114};

/* I is 0.877 (R-Y) turned by 33 degrees against 0.493 (B-Y): the rows of FCC 73.682(a)(20) to three
 * digits. Each sums to 0, so grey stays grey. */
static const double to_iq[2][3] = {{0.596, -0.274, -0.322}, {0.211, -0.523, 0.312}};

void lm_photo_saturation(float m[9], double amount)
{
    for (int i = 0; i < 9; i++) {
        double grey = (1 - amount) * luma[i % 3];
        m[i] = (float)(i % 4 == 0 ? amount + grey : grey);
    }
}

/* Back from I and Q: of all RGB with these I and Q, the one whose luma is 0. */
static void from_iq(double back[3][2])
{
    /* With w = (luma, I, Q) as rows of a matrix, the last two columns of its inverse, by cofactors.
     */
    const double *w[3] = {luma, to_iq[0], to_iq[1]};
    double det = 0;
    for (int k = 0; k < 3; k++) {
        int p = (k + 1) % 3;
        int q = (k + 2) % 3;
        det += w[0][k] * (w[1][p] * w[2][q] - w[1][q] * w[2][p]);
        back[k][0] = w[2][p] * w[0][q] - w[2][q] * w[0][p];
        back[k][1] = w[0][p] * w[1][q] - w[0][q] * w[1][p];
    }
    for (int k = 0; k < 3; k++) {
        back[k][0] /= det;
        back[k][1] /= det;
    }
}

void lm_photo_hue(float m[9], double angle_deg)
{
    double back[3][2];
    double sine;
    double cosine;
    from_iq(back);
    lm_math_sincos_turns(angle_deg / 360, &sine, &cosine);
    for (int i = 0; i < 9; i++) {
        double same = i % 4 == 0 ? 1 : 0;
        double turned = back[i / 3][0] * to_iq[1][i % 3] - back[i / 3][1] * to_iq[0][i % 3];
        m[i] = (float)(same + (cosine - 1) * (same - luma[i % 3]) + sine * turned);
    }
}

void lm_photo_multiply(float out[9], const float a[9], const float b[9])
{
    float product[9];
    for (int i = 0; i < 9; i++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) {
            sum += (double)a[i / 3 * 3 + k] * (double)b[3 * k + i % 3];
        }
        product[i] = (float)sum;
    }
    for (int i = 0; i < 9; i++) {
        out[i] = product[i];
    }
}
