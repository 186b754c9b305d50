// A gain that is late, and does harm once its second parameter is above a half. What it does is in
// the name of its file: late64 (samples), says64 (what it reports), crash, hang, nan or huge, and
// now for harm from the beginning.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>
#include <dlfcn.h>
#include "DistrhoPlugin.hpp"

START_NAMESPACE_DISTRHO

static const std::string& file() {
    static std::string found;
    Dl_info info;
    if (found.empty() && dladdr(reinterpret_cast<void*>(&file), &info)) {
        found = info.dli_fname;
        found = found.substr(found.rfind('/') + 1);
    }
    return found;
}

static bool has(const char* word) { return file().find(word) != std::string::npos; }

static uint32_t number(const char* word) {
    const size_t at = file().find(word);
    return at == std::string::npos ? 0 : std::atoi(file().c_str() + at + std::string(word).size());
}

class Harm : public Plugin {
public:
    Harm() : Plugin(2, 0, 0), harm(has("now") ? 1.f : 0.f), late(number("late")),
             line(2, std::vector<float>(late + 1, 0.f)) { setLatency(number("says")); }

protected:
    const char* getLabel() const override { return "harm"; }
    const char* getMaker() const override { return "doubledrop"; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }
    uint32_t getVersion() const override { return d_version(1, 0, 0); }
    int64_t getUniqueId() const override { return d_cconst('H', 'a', 'r', 'm'); }

    void initParameter(uint32_t index, Parameter& parameter) override {
        parameter.hints = kParameterIsAutomatable;
        if (index == 0) {
            parameter.name = "Gain";
            parameter.symbol = "gain";
            parameter.unit = "dB";
            parameter.ranges.min = -60.f;
            parameter.ranges.max = 12.f;
            parameter.ranges.def = 0.f;
        } else {
            parameter.name = "Harm";
            parameter.symbol = "harm";
            parameter.ranges.min = 0.f;
            parameter.ranges.max = 1.f;
            parameter.ranges.def = harm;
        }
    }
    float getParameterValue(uint32_t index) const override { return index == 0 ? gain : harm; }
    void setParameterValue(uint32_t index, float value) override {
        (index == 0 ? gain : harm) = value;
    }

    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const bool now = harm > 0.5f;
        if (now && has("crash")) std::abort();
        if (now && has("hang"))
            for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
        const float by = std::pow(10.f, gain / 20.f) * (now && has("huge") ? 1e6f : 1.f);
        for (uint32_t i = 0; i < frames; ++i, at = (at + 1) % (late + 1))
            for (int c = 0; c < 2; ++c) {
                line[c][at] = inputs[c][i];
                outputs[c][i] = by * line[c][(at + 1) % (late + 1)];
                if (now && has("nan")) outputs[c][i] = NAN;
            }
    }

private:
    float gain = 0.f, harm;
    uint32_t late, at = 0;
    std::vector<std::vector<float>> line;
};

Plugin* createPlugin() { return new Harm(); }

END_NAMESPACE_DISTRHO
