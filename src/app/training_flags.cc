#include "src/app/training_flags.h"

#include <gflags/gflags.h>

#include <sstream>

#include "src/base/error.h"

// What is trained.
DEFINE_string(recipe, "",
              "System to train: mirrorgan, attngan, attn_dcgan; pretrainings: damsm, captioner, classifier");
DEFINE_string(data, "", "Packed data set (a folder with manifest.json, made by helio-pack)");
DEFINE_string(out, "", "Folder of this run: checkpoints, metrics.jsonl, run.flags, samples");
DEFINE_uint64(seed, 1, "Everything random is a function of it");
DEFINE_int64(batch, 20, "Images of a step, over all ranks together");
DEFINE_int64(steps, 0, "Train up to this step (0: --epochs decides)");
DEFINE_double(epochs, 600, "Train for this many passes over the training split");
DEFINE_string(schedule, "constant", "Learning rate: constant, linear_tail, one_cycle, staircase");
DEFINE_string(fidelity, "corrected",
              "corrected, or released: reproduce the published code's slips (docs/numerics.md)");
DEFINE_string(dtype, "float32", "float32, or float64 for tests");

// Frozen networks of the GANs, made by helio-pretrain (best.safetensors).
DEFINE_string(
    weights, "",
    "ROLE:FILE,... weights of frozen or initial networks by role; --damsm=FILE is --weights=damsm:FILE");
DEFINE_string(damsm, "", "DAMSM encoders: the text encoder of a GAN, the judge of R-precision");
DEFINE_string(captioner, "", "STREAM's captioner (mirrorgan)");
DEFINE_string(classifier, "", "Classifier: trunk to start a pretraining from, judge of the Inception Score");
DEFINE_bool(random_frozen, false,
            "Let frozen networks without a file have seeded random weights (trials without weights)");

// Shapes.
DEFINE_int64(base_side, 64, "Side of the first stage's picture (16 for toys)");
DEFINE_int64(stages, 3, "Stages; the last one's side is base_side * 2^(stages-1)");
DEFINE_int64(gf, 32, "Generator width (GF_DIM)");
DEFINE_int64(df, 64, "Discriminator width (DF_DIM)");
DEFINE_int64(z, 100, "Noise dimensions");
DEFINE_int64(condition, 100, "Conditioning augmentation's output dimensions");
DEFINE_int64(embedding, 256, "Dimensions of word and sentence features");
DEFINE_int64(residual_blocks, 2, "Residual blocks of a refining stage (R_NUM)");
DEFINE_int64(words, 18, "Longest caption; longer ones are cut to a random subset of their words, in order");
DEFINE_int64(word_vector, 300, "Input embedding of the text encoder");
DEFINE_string(text_rnn, "lstm", "Text encoder: lstm or gru (bidirectional)");
DEFINE_string(image_trunk, "inception_v3",
              "Image trunk of DAMSM and classifier: inception_v3, resnet152, small");
DEFINE_string(caption_trunk, "resnet152", "Image trunk of the captioner: inception_v3, resnet152, small");
DEFINE_int64(caption_embedding, 256, "Captioner: image and word embedding");
DEFINE_int64(caption_hidden, 512, "Captioner: LSTM state");
DEFINE_bool(global_attention, true, "MirrorGAN: sentence attention beside word attention (GLAM)");

// Losses.
DEFINE_double(caption_lambda, 10, "MirrorGAN: weight of the caption loss (released code 10, paper 20)");
DEFINE_double(damsm_lambda, 5, "AttnGAN: weight of the DAMSM loss (CUB 5, COCO 50)");
DEFINE_double(mirror_damsm_lambda, 0, "MirrorGAN: weight of an additional DAMSM loss (published: none)");
DEFINE_double(kl_weight, 1, "Weight of conditioning augmentation's KL loss");
DEFINE_double(gamma1, 4, "DAMSM: sharpness of word attention");
DEFINE_double(gamma2, 5, "DAMSM: sharpness over words");
DEFINE_double(gamma3, 10, "DAMSM: sharpness over the batch");
DEFINE_double(text_scale, 1, "Multiplies the frozen text features (8 for short pretrainings)");
DEFINE_bool(class_masks, true, "DAMSM: pairs of the same class are no negatives");

// Optimizers.
DEFINE_double(g_rate, 2e-4, "Adam's learning rate of the generator");
DEFINE_double(d_rate, 2e-4, "Adam's learning rate of the discriminators");
DEFINE_double(rate, 2e-3, "Adam's learning rate of a pretraining");
DEFINE_double(beta1, 0.5, "Adam");
DEFINE_double(beta2, 0.999, "Adam");
DEFINE_double(ema_decay, 0.999, "Moving average of the generator's weights");
DEFINE_string(ema_batch_norm, "live",
              "Batch-norm statistics of the averaged generator: live (published) or reestimated");
DEFINE_double(clip_norm, 0.25, "DAMSM: gradient norm of the text encoder is cut to it (0: never)");
DEFINE_double(text_dropout, 0.5, "DAMSM: dropout of word vectors");
DEFINE_bool(freeze_trunk, true, "Pretrainings: the image trunk keeps its weights");
DEFINE_bool(augment, true, "Random crop and flip of training images");
DEFINE_bool(flip, true, "Flip training images at random (with --augment)");
DEFINE_int32(max_bad_steps, 10,
             "Stop after this many steps in a row with non-finite gradients (each one is skipped)");

// The run.
DEFINE_string(resume, "auto",
              "auto: newest whole checkpoint in --out; none: start anew; or a checkpoint folder");
DEFINE_string(resume_override, "", "Comma-separated flags that may differ from the checkpoint's");
DEFINE_int64(checkpoint_every, 1000, "Steps between checkpoints (there is always one at the end)");
DEFINE_int32(keep_last, 3, "Newest checkpoints that are kept");
DEFINE_int64(keep_every, 0, "Checkpoints at multiples of it are kept for ever (0: none)");
DEFINE_string(keep_best, "",
              "Keep the best checkpoint by this score of --evaluate_every (r_precision_top1; '-' in front: "
              "lower is better)");
DEFINE_string(on_checkpoint_failure, "continue",
              "When a checkpoint cannot be written: continue and try again at the next one, or stop");
DEFINE_int64(log_every, 20, "Steps between log lines");
DEFINE_int64(sample_every, 0, "Steps between sample pictures (0: none)");
DEFINE_int64(evaluate_every, 0, "Steps between evaluations (0: none)");
DEFINE_int64(evaluate_images, 1000, "Images of an evaluation, over all ranks together");
DEFINE_int32(exit_code_requeue, 75, "Exit code after a checkpoint on SIGTERM or SIGUSR1");
DEFINE_bool(dry_run, false, "Check everything, print the resolved configuration, train nothing");

// The machine.
DEFINE_int32(threads, 0, "Compute threads of a rank (0: the machine's cores / ranks on it)");
DEFINE_int32(workers, 1, "Loader threads of a rank");
DEFINE_int32(prefetch, 4, "Batches the loader works ahead");
DEFINE_int32(expect_world_size, 0, "Fail unless exactly this many ranks came up (0: any)");
DEFINE_double(deadline_seconds, 300, "A collective that takes longer ends the job");
DEFINE_double(first_deadline_seconds, 1800, "The same for the first step");
DEFINE_double(first_bucket_mb, 1, "Size of a phase's first gradient bucket: communication starts early");
DEFINE_double(bucket_mb, 25, "Size of the other gradient buckets");
DEFINE_string(wire_dtype, "same", "Gradients on the wire: same, or bfloat16 (half the bytes; another model)");
DEFINE_string(
    hierarchy, "auto",
    "All-reduce over hosts (MPI): auto (measured at start-up), flat, or two_level (inside each host, "
    "then across)");
DEFINE_bool(shard_optimizer, false,
            "Every rank keeps 1/N of Adam's moments; same weights bit for bit, clipped phases to rounding");
DEFINE_int32(
    accumulate, 1,
    "Micro-batches of a step: --batch images in that many parts, reduced once. Batch norm, wrong pairs "
    "and negatives see one part; the fakes of all parts are held at once");
DEFINE_string(batch_norm, "global",
              "Batch-norm statistics: global (of the whole batch), node (of a host's part) or local (of a "
              "rank's part)");
DEFINE_string(negatives, "global", "Wrong pairs and DAMSM negatives: global or local");
DEFINE_int32(metrics_port, 0, "Serve /metrics at this port + local rank (0: do not serve)");
DEFINE_string(metrics_bind, "127.0.0.1", "Address that /metrics is served at");
DEFINE_string(
    push_gateway, "",
    "HOST:PORT of a Prometheus push gateway, for short jobs: rank 0 pushes as job heliograph and the "
    "run's name, and deletes that when the last step is done");
DEFINE_string(log_format, "text", "text or json");

namespace helio::app {

recipes::RecipeOptions RecipeFlags() {
  recipes::RecipeOptions options;
  options.base_side = FLAGS_base_side;
  options.stages = FLAGS_stages;
  options.gf = FLAGS_gf;
  options.df = FLAGS_df;
  options.z = FLAGS_z;
  options.condition = FLAGS_condition;
  options.embedding = FLAGS_embedding;
  options.residual_blocks = FLAGS_residual_blocks;
  options.words = FLAGS_words;
  options.text_rnn = FLAGS_text_rnn;
  options.word_vector = FLAGS_word_vector;
  options.image_trunk = FLAGS_image_trunk;
  options.caption_trunk = FLAGS_caption_trunk;
  options.caption_embedding = FLAGS_caption_embedding;
  options.caption_hidden = FLAGS_caption_hidden;
  options.global_attention = FLAGS_global_attention;
  options.released = FLAGS_fidelity == "released";
  options.caption_lambda = FLAGS_caption_lambda;
  options.damsm_lambda = FLAGS_damsm_lambda;
  options.mirror_damsm_lambda = FLAGS_mirror_damsm_lambda;
  options.kl_weight = FLAGS_kl_weight;
  options.gamma1 = FLAGS_gamma1;
  options.gamma2 = FLAGS_gamma2;
  options.gamma3 = FLAGS_gamma3;
  options.text_scale = FLAGS_text_scale;
  options.class_masks = FLAGS_class_masks;
  options.g_rate = FLAGS_g_rate;
  options.d_rate = FLAGS_d_rate;
  options.rate = FLAGS_rate;
  options.beta1 = FLAGS_beta1;
  options.beta2 = FLAGS_beta2;
  options.ema_decay = FLAGS_ema_decay;
  options.clip_norm = FLAGS_clip_norm;
  options.text_dropout = FLAGS_text_dropout;
  options.freeze_trunk = FLAGS_freeze_trunk;
  return options;
}

std::map<std::string, std::string> WeightsFlags() {
  std::map<std::string, std::string> files;
  for (const auto& [role, file] :
       {std::pair{"damsm", FLAGS_damsm}, {"captioner", FLAGS_captioner}, {"classifier", FLAGS_classifier}})
    if (!file.empty()) files[role] = file;
  std::istringstream entries(FLAGS_weights);
  for (std::string entry; std::getline(entries, entry, ',');) {
    const auto colon = entry.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == entry.size())
      ThrowUser("'" + entry + "' is not ROLE:FILE", "--weights",
                "for example --weights=damsm:runs/damsm/best.safetensors");
    files[entry.substr(0, colon)] = entry.substr(colon + 1);
  }
  return files;
}

}  // namespace helio::app
