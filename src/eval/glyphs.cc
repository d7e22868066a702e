#include "src/eval/glyphs.h"

#include <array>

namespace helio::eval {
namespace {

constexpr Glyph kUnknown{7, "-aahahmamaa"};

// clang-format off
constexpr std::array<Glyph, 95> kGlyphs{{
    {3, ""},                                      // space
    {0, "-aaai .am"},                             // !
    {3, "-aaad -dadd"},                           // "
    {9, "-eacm -iagm -aejf -aiji"},               // #
    {7, "hdhaaaaghghmamaj -dado"},               // $
    {10, "*aaeaefaf *ghkhkmgm -iacm"},            // %
    {8, "imbebagageahamgmih"},                    // &
    {0, "-aaad"},                                 // '
    {3, "daadaldo"},                              // (
    {3, "aadddlao"},                              // )
    {6, "-dadg -abge -gbae"},                     // *
    {8, "-eeem -aiii"},                           // +
    {1, "-blao"},                                 // ,
    {5, "-aifi"},                                 // -
    {0, ".am"},                                   // .
    {6, "-gaao"},                                 // /
    {7, "*aahahmam"},                             // 0
    {5, "-adeaem"},                               // 1
    {7, "adaahahffham -amhm"},                    // 2
    {7, "acbagaggdg dghghmbmak"},                 // 3
    {7, "-fmfaaihi"},                             // 4
    {7, "-gabaag agcehehmbmak"},                  // 5
    {7, "gaacaj *afhfhmam"},                      // 6
    {7, "-aahacm"},                               // 7
    {7, "*bagaggbg *aghghmam"},                   // 8
    {7, "hdhkbm *aahahhah"},                      // 9
    {0, ".af .am"},                               // :
    {1, ".bf -blao"},                             // ;
    {7, "-heaihm"},                               // <
    {8, "-agig -akik"},                           // =
    {7, "-aehiam"},                               // >
    {6, "adaagagfdgdi .dm"},                      // ?
    {10, "hmamaakakjhjhd *cdhdhjcj"},             // @
    {8, "-ameaim -bihi"},                         // A
    {7, "-aaam aadagaggdgag aghghmemam"},         // B
    {8, "idhaaaamhmij"},                          // C
    {8, "-aaam aadaiaimdmam"},                    // D
    {7, "-haaaamhm -aggg"},                       // E
    {7, "-haaaam -aggg"},                         // F
    {8, "idhaaaamimih -ehih"},                    // G
    {8, "-aaam -iaim -agig"},                     // H
    {0, "-aaam"},                                 // I
    {6, "gagigmamaj"},                            // J
    {8, "-aaam -iaah -dfim"},                     // K
    {6, "-aaamgm"},                               // L
    {10, "-amaafikakm"},                          // M
    {8, "-amaaimia"},                             // N
    {9, "*aajajmam"},                             // O
    {7, "-aaam aaeahahhehah"},                    // P
    {9, "*aajajmam -fijm"},                       // Q
    {8, "-aaam aaeahahhehah -dhim"},              // R
    {7, "hdhaaaaghghmamaj"},                      // S
    {8, "-aaia -eaem"},                           // T
    {8, "aaagamimigia"},                          // U
    {8, "-aaemia"},                               // V
    {12, "-aadmgcjmma"},                          // W
    {8, "-aaim -iaam"},                           // X
    {8, "-aaegia -egem"},                         // Y
    {8, "-aaiaamim"},                             // Z
    {3, "-daaaaodo"},                             // [
    {6, "-aago"},                                 // backslash
    {3, "-aadadoao"},                             // ]
    {6, "-aedage"},                               // ^
    {8, "-aoio"},                                 // _
    {2, "-aacc"},                                 // `
    {7, "*aehehmam -hehm"},                       // a
    {7, "-aaam *aehehmam"},                       // b
    {6, "ggfeaeamfmgk"},                          // c
    {7, "*aehehmam -hahm"},                       // d
    {7, "-aihi hiheaeamgmhk"},                    // e
    {4, "eacacfcm -aeee"},                        // f
    {7, "*aehehmam hehmhqbqao"},                  // g
    {6, "-aaam aiaegegigm"},                      // h
    {0, "-aeam .aa"},                             // i
    {2, "cecncqaq .ca"},                          // j
    {6, "-aaam -geaj -cigm"},                     // k
    {2, "aaajamcm"},                              // l
    {10, "-aeam aiaefefifm fifekekikm"},          // m
    {6, "-aeam aiaegegigm"},                      // n
    {7, "*aehehmam"},                             // o
    {7, "-aeaq *aehehmam"},                       // p
    {7, "*aehehmam -hehq"},                       // q
    {4, "-aeam aiaeee"},                          // r
    {6, "gggeaeaigigmamak"},                      // s
    {4, "cacjcmem -aeee"},                        // t
    {6, "aeaiamgmgi -gegm"},                      // u
    {6, "-aedmge"},                               // v
    {10, "-aedmffhmke"},                          // w
    {6, "-aegm -geam"},                           // x
    {6, "-aedm -gebq"},                           // y
    {6, "-aegeamgm"},                             // z
    {4, "eacacgah ahcicoeo"},                     // {
    {0, "-aaao"},                                 // |
    {4, "aacacgeh ehcicoao"},                     // }
    {7, "ajcgfkhh"},                              // ~
}};
// clang-format on

}  // namespace

const Glyph& FindGlyph(unsigned char character) {
  if (character < 32 || character > 126) return kUnknown;
  return kGlyphs[character - 32];
}

}  // namespace helio::eval
