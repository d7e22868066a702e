#pragma once
#include <gflags/gflags_declare.h>

#include <map>
#include <string>

#include "src/recipes/options.h"

// The flags that the training and evaluation programs share, defined in training_flags.cc; nothing below
// src/app reads a flag.
DECLARE_string(recipe);
DECLARE_string(data);
DECLARE_string(out);
DECLARE_uint64(seed);
DECLARE_int64(batch);
DECLARE_int64(steps);
DECLARE_double(epochs);
DECLARE_string(schedule);
DECLARE_string(fidelity);
DECLARE_string(dtype);
DECLARE_string(weights);
DECLARE_string(damsm);
DECLARE_string(captioner);
DECLARE_string(classifier);
DECLARE_bool(random_frozen);
DECLARE_int64(base_side);
DECLARE_int64(stages);
DECLARE_int64(gf);
DECLARE_int64(df);
DECLARE_int64(z);
DECLARE_int64(condition);
DECLARE_int64(embedding);
DECLARE_int64(residual_blocks);
DECLARE_int64(words);
DECLARE_int64(word_vector);
DECLARE_string(text_rnn);
DECLARE_string(image_trunk);
DECLARE_string(caption_trunk);
DECLARE_int64(caption_embedding);
DECLARE_int64(caption_hidden);
DECLARE_bool(global_attention);
DECLARE_double(caption_lambda);
DECLARE_double(damsm_lambda);
DECLARE_double(mirror_damsm_lambda);
DECLARE_double(kl_weight);
DECLARE_double(gamma1);
DECLARE_double(gamma2);
DECLARE_double(gamma3);
DECLARE_double(text_scale);
DECLARE_bool(class_masks);
DECLARE_double(g_rate);
DECLARE_double(d_rate);
DECLARE_double(rate);
DECLARE_double(beta1);
DECLARE_double(beta2);
DECLARE_double(ema_decay);
DECLARE_string(ema_batch_norm);
DECLARE_double(clip_norm);
DECLARE_double(text_dropout);
DECLARE_bool(freeze_trunk);
DECLARE_bool(augment);
DECLARE_bool(flip);
DECLARE_int32(max_bad_steps);
DECLARE_string(resume);
DECLARE_string(resume_override);
DECLARE_int64(checkpoint_every);
DECLARE_int32(keep_last);
DECLARE_int64(keep_every);
DECLARE_string(keep_best);
DECLARE_string(on_checkpoint_failure);
DECLARE_int64(log_every);
DECLARE_int64(sample_every);
DECLARE_int64(evaluate_every);
DECLARE_int64(evaluate_images);
DECLARE_int32(exit_code_requeue);
DECLARE_bool(dry_run);
DECLARE_int32(threads);
DECLARE_int32(workers);
DECLARE_int32(prefetch);
DECLARE_int32(expect_world_size);
DECLARE_double(deadline_seconds);
DECLARE_double(first_deadline_seconds);
DECLARE_double(first_bucket_mb);
DECLARE_double(bucket_mb);
DECLARE_string(wire_dtype);
DECLARE_string(hierarchy);
DECLARE_bool(shard_optimizer);
DECLARE_int32(accumulate);
DECLARE_string(batch_norm);
DECLARE_string(negatives);
DECLARE_int32(metrics_port);
DECLARE_string(metrics_bind);
DECLARE_string(push_gateway);
DECLARE_string(log_format);

namespace helio::app {

// The flags that shape networks, losses and optimizers. Vocabulary and classes come from the data set.
recipes::RecipeOptions RecipeFlags();

// --weights=ROLE:FILE,... and its aliases --damsm, --captioner, --classifier: role -> file. Throws
// Error{kUser} on another form.
std::map<std::string, std::string> WeightsFlags();

// The flags that decide what is trained (not where, how often it is saved, or how fast), as a flagfile: what
// a resume must agree on.
std::string TrainingIdentity();

}  // namespace helio::app
