//! The weights of the model, in hundredths of a nat. Written by the program in `rules/model`; do not edit.

use super::{Bands, Weights};

/// Of each bin of each feature, for a value that is named a token.
#[rustfmt::skip]
pub(super) static TOKEN: Weights = [
    [ -372, -263, -225, -188, -202, -175, -178, -186, -192, -119,  184,  256], // letters
    [   15,   79,  -87,  -98,  -23,   33,   45,   59,    0,   67,  -49,   -4], // alphabet
    [   15,   15,   15,   15,   15,  -28, -162,    9,   53,   69,   46,   14], // length
    [  -76,   34,  -25,  -36,  -50,   66,  123,  -52,   11,   11,   11,   11], // entropy
    [ -108,  -12,  -47,  -75,  -38,    0,   52,   28,  -12,  -12,  -12,  -12], // switches
    [   50,   14,    6,   -4, -117, -174,  -20,  -20,  -20,  -20,  -20,  -20], // joints
    [ -152,  -88,  -50,  -73,  -53,  -53,  -41, -116, -121,   -5,  -59,   69], // build
    [    1,  -25,    3,  -36,   11,   11,   11,   11,   11,   11,   11,   11], // echo
    [  -52,  -33,  131,   51,  127,   72,   66,   66,   66,   66,   66,   66], // operator
    [    4,    6,    2,  -27,   21,   21,   21,   21,   21,   21,   21,   21], // quotes
    [   86,   79,   69,   99, -158,   59,   85,   60,   60,   60,   60,   60], // kind
    [  -82,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0], // base
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
    [ -252, -195, -151, -120, -110, -120,  -90, -116,  -18,  162,  275,  384], // letters
    [ -114, -136,  -97, -185,  -92,   81,   60,   20,  160,  307,  -21,   35], // alphabet
    [    1,  -39,    0,   42,    5,   13,   15,  -78,    9,   27,  -27,    1], // length
    [  -37,   10,  -63,  -49,  -21,   -2,   19,   39,   -7,   -7,   -7,   -7], // entropy
    [ -169,   59,  158,   89,   70,  -45,  -30,  -27,   19,   19,   19,   19], // switches
    [   10,    8,   16,   11,   -6, -168,  -14,  -14,  -14,  -14,  -14,  -14], // joints
    [  -80,  -94,  -77,  -60,   22,  381,    4, -122,  -60,  186,    7,   -4], // build
    [    5, -165,  -69,  -73,  -64,  -64,  -64,  -64,  -64,  -64,  -64,  -64], // echo
    [  -10,   -8,  -19,   -3,   55,   -6,   10,   10,   10,   10,   10,   10], // operator
    [   -1,    0,   25,  -12,   15,   15,   15,   15,   15,   15,   15,   15], // quotes
    [   -5,   70,  -21,   -8,   17,   28,  -21,   15,   15,   15,   15,   15], // kind
    [  -16,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0], // base
];

/// Where the bands of a password begin.
pub(super) const PASSWORD_BANDS: Bands = Bands {
    high: 358,
    medium: 77,
    low: -81,
};
