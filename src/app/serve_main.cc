#include <chrono>
#include <thread>

#include "cluster/device_error.h"
#include "cluster/launch.h"
#include "src/app/caption_artist.h"
#include "src/app/main.h"
#include "src/app/training_flags.h"
#include "src/base/host_name.h"
#include "src/train/stop_signal.h"

namespace helio::app {
namespace {

struct ServingOptions {
  std::string checkpoint, text_encoder;
  serve::ServeOptions serve;

  void Declare(OptionList& list) {
    list.Add("checkpoint", &checkpoint, AnyValue(), "A run's folder, or one of its checkpoints");
    list.Add(
        "text_encoder", &text_encoder, AnyValue(),
        "Encoder of sentences, for systems that were trained on embeddings; default: the one that the run "
        "recorded");
    serve.Declare(list);
  }
};

void WaitForSignal() {
  while (train::StopSignalReceived() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  LOG(INFO) << "signal " << train::StopSignalReceived()
            << ": those who have asked are answered, then it ends";
}

int Serve() {
  ServingOptions own;
  const auto options = ReadTrainingOptionsWith(own, GivenFlags());
  if (own.checkpoint.empty()) ThrowUser("is missing", "--checkpoint", "name a run's folder");
  TrainedModel model(own.checkpoint, cluster::DeviceAlone(options.launch.device));
  CaptionArtist artist(model, own.text_encoder);
  train::InstallStopSignals();
  serve::Service service(artist, own.serve);
  const int port = service.Start();
  LOG(INFO) << "serving " << model.options().run.recipe << ", step " << model.step() << ", at http://"
            << InUrl(own.serve.address) << ":" << port << "/";
  WaitForSignal();
  service.Stop();
  return 0;
}

int Run() { return cluster::RunNamingDeviceErrors(0, std::make_shared<cluster::JobState>(), &Serve); }

}  // namespace
}  // namespace helio::app

int main(int argc, char** argv) {
  helio::app::RegisterFlagsOf<helio::app::ServingOptions>();
  helio::app::RegisterTrainingFlags();
  return helio::app::Main(
      argc, argv,
      {.usage = "helio-serve draws captions for browsers and programs: --checkpoint=RUN [--port=8080]",
       .shared = {"device", "log_format"}},
      &helio::app::Run);
}
