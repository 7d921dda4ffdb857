//! The weights of the model, in hundredths of a nat. Written by the program in `rules/model`; do not edit.

use super::{Bands, Weights};

/// Of each bin of each feature, for a value that is named a token.
#[rustfmt::skip]
pub(super) static TOKEN: Weights = [
    [ -374, -263, -225, -189, -201, -175, -178, -185, -187, -120,  183,  257], // letters
    [   16,   76,  -87, -101,  -21,   41,   46,   59,    0,   69,  -48,   -1], // alphabet
    [   14,   14,   14,   14,   14,  -30, -158,    8,   50,   69,   47,   14], // length
    [  -76,   38,  -23,  -36,  -50,   62,  123,  -50,   11,   11,   11,   11], // entropy
    [ -109,  -13,  -49,  -76,  -35,    1,   50,   28,  -13,  -13,  -13,  -13], // switches
    [   49,   14,   10,   -6, -114, -170,  -19,  -19,  -19,  -19,  -19,  -19], // joints
    [ -151,  -85,  -48,  -69,  -52,  -52,  -41, -112, -121,   -3,  -53,   66], // build
    [    1,  -25,    0,  -35,   11,   11,   11,   11,   11,   11,   11,   11], // echo
    [  -50,  -33,  130,   55,  123,   68,   66,   66,   66,   66,   66,   66], // operator
    [    5,    2,    0,  -28,   20,   20,   20,   20,   20,   20,   20,   20], // quotes
    [   82,   77,   71,   95, -156,   57,   82,   59,   59,   59,   59,   59], // kind
    [  -81,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0], // base
];

/// Where the bands of a token begin.
pub(super) const TOKEN_BANDS: Bands = Bands {
    high: 289,
    medium: 7,
    low: -150,
};

/// Of each bin of each feature, for a value that is named a password.
#[rustfmt::skip]
pub(super) static PASSWORD: Weights = [
    [ -254, -194, -149, -121, -110, -118,  -88, -118,  -18,  160,  277,  384], // letters
    [ -114, -135,  -94, -188,  -93,   84,   60,   22,  161,  308,  -22,   34], // alphabet
    [    2,  -38,    0,   42,    4,   14,   15,  -79,    6,   29,  -25,    1], // length
    [  -36,    9,  -64,  -49,  -23,   -1,   18,   41,   -7,   -7,   -7,   -7], // entropy
    [ -167,   54,  162,   90,   70,  -49,  -30,  -29,   19,   19,   19,   19], // switches
    [   10,    9,   17,   11,   -5, -164,  -12,  -12,  -12,  -12,  -12,  -12], // joints
    [  -77,  -96,  -78,  -60,   18,  380,    6, -123,  -59,  186,    9,   -2], // build
    [    5, -167,  -74,  -77,  -66,  -66,  -66,  -66,  -66,  -66,  -66,  -66], // echo
    [  -12,   -6,  -21,    8,   52,    4,   12,   12,   12,   12,   12,   12], // operator
    [    1,   -4,   23,  -14,   14,   14,   14,   14,   14,   14,   14,   14], // quotes
    [   -4,   69,  -22,  -13,   18,   28,  -27,   14,   14,   14,   14,   14], // kind
    [  -16,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0], // base
];

/// Where the bands of a password begin.
pub(super) const PASSWORD_BANDS: Bands = Bands {
    high: 358,
    medium: 77,
    low: -81,
};
