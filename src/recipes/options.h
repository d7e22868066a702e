#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace helio::recipes {

// Everything a system can be asked for. One plain struct, because the systems share most of it. Defaults are
// the published CUB configuration of the released code.
struct RecipeOptions {
  // Shapes.
  int64_t base_side = 64;       // side of the first stage's picture; 16 for toys
  int64_t stages = 3;           // pictures of base_side * 2^i
  int64_t gf = 32;              // generator width (GF_DIM)
  int64_t df = 64;              // discriminator width (DF_DIM)
  int64_t z = 100;              // noise
  int64_t condition = 100;      // conditioning augmentation's output
  int64_t embedding = 256;      // word and sentence features
  int64_t residual_blocks = 2;  // R_NUM, per refining stage
  int64_t words = 18;           // captions are padded or cut to it
  int64_t vocabulary = 0;       // word ids in [0, vocabulary)
  int64_t classes = 0;          // class ids in [0, classes), for the classifier

  // Networks.
  std::string text_rnn = "lstm";             // lstm | gru
  int64_t word_vector = 300;                 // the text encoder's input embedding
  std::string image_trunk = "inception_v3";  // of DAMSM and the classifier: inception_v3 | resnet152 | small
  std::string caption_trunk = "resnet152";   // of the captioner
  int64_t caption_embedding = 256;
  int64_t caption_hidden = 512;
  bool global_attention = true;  // GLAM's sentence attention (MirrorGAN); off = Table 3's first rows
  bool released = false;         // --fidelity=released: reproduce the published code's slips

  // Loss weights.
  double caption_lambda = 10;  // LAMBDA1 of the released MirrorGAN (paper: 20)
  double damsm_lambda = 5;     // AttnGAN: 5 CUB, 50 COCO. MirrorGAN's released code has no such term.
  double mirror_damsm_lambda = 0;
  double kl_weight = 1;
  double gamma1 = 4, gamma2 = 5, gamma3 = 10;
  double text_scale = 1;    // multiplies frozen text features (short pretrainings leave them small)
  bool class_masks = true;  // DAMSM: pairs of one class are no negatives

  // Optimizers.
  double g_rate = 2e-4;
  double d_rate = 2e-4;
  double rate = 2e-3;  // pretrainings
  double beta1 = 0.5, beta2 = 0.999;
  double ema_decay = 0.999;
  double clip_norm = 0.25;  // DAMSM: of the text encoder's gradient
  double text_dropout = 0.5;
  bool freeze_trunk = true;  // pretrainings: the image trunk keeps its weights

  // Of the pictures of the stages, smallest first.
  std::vector<int64_t> sides() const {
    std::vector<int64_t> all;
    for (int64_t stage = 0; stage < stages; ++stage) all.push_back(base_side << stage);
    return all;
  }
};

}  // namespace helio::recipes
