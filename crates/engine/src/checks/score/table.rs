//! The weights of the model, in hundredths of a nat. Written by the program in `rules/model`; do not edit.

use super::{Bands, Weights};

/// Of each bin of each feature, for a value that is named a token.
#[rustfmt::skip]
pub(super) static TOKEN: Weights = [
    [ -266, -152, -106, -107,  -59,  -59,  -45,  -44,  -39,   34,  288,  364], // letters
    [   -1,  -14,  -89, -163, -111,   -4,   -2,  121,  101,  105,  -55,  -81], // alphabet
    [    0,    0,    0,    0,    0,   -8,  -83, -129,   56,   76,    5, -109], // length
    [ -225,  -59,  -63,   40,    3,   59,   91,  -38,    0,    0,    0,    0], // entropy
    [  -96,   -1,  -61,  -77,  -18,   14,   23,   24,    0,    0,    0,    0], // switches
    [   39,   33,   24,   27, -105, -210,    0,    0,    0,    0,    0,    0], // joints
    [  -67, -136,    8,  -21,   21,    4,    0,    0,    0,    0,    0,    0], // operator
    [ -129, -103,   23,   18,    0,    0,    0,    0,    0,    0,    0,    0], // quotes
    [   85,  -54,    3,    0, -198,   32,  -60,    0,    0,    0,    0,    0], // kind
];

/// Where the bands of a token begin.
pub(super) const TOKEN_BANDS: Bands = Bands {
    high: 400,
    medium: -30,
    low: -185,
};

/// Of each bin of each feature, for a value that is named a password.
#[rustfmt::skip]
pub(super) static PASSWORD: Weights = [
    [ -209, -121,  -86,  -17, -118, -159,  -19,  -99,   34,  146,  234,  322], // letters
    [ -142,    2, -139, -307, -196,  -17,  -28,  141,   97,  215,   43,  236], // alphabet
    [    0,  -42,   16,   54,   -5,  112,   72, -123,   -6,   10, -113,  -68], // length
    [ -201,  -60,  -91,   21,   67,    6,   94,   71,    0,    0,    0,    0], // entropy
    [ -262,   12,  168,   53,   91,   -1,  -69,  -85,    0,    0,    0,    0], // switches
    [   84,   11,   19,   15,  -28, -195,    0,    0,    0,    0,    0,    0], // joints
    [   -6,  -59,   37, -114,   57,   -8,    0,    0,    0,    0,    0,    0], // operator
    [  -63, -105,   80,   -5,    0,    0,    0,    0,    0,    0,    0,    0], // quotes
    [  -73,   -3,  -32,    0, -111,  148,  -22,    0,    0,    0,    0,    0], // kind
];

/// Where the bands of a password begin.
pub(super) const PASSWORD_BANDS: Bands = Bands {
    high: 760,
    medium: 60,
    low: -64,
};
