// What Debian's dpf-source asks for.
#define DISTRHO_PLUGIN_BRAND "doubledrop"
#define DISTRHO_PLUGIN_NAME "Harm"
#define DISTRHO_PLUGIN_URI "urn:doubledrop:harm"
#define DISTRHO_PLUGIN_CLAP_ID "doubledrop.harm"
#define DISTRHO_PLUGIN_BRAND_ID Ddrp
#define DISTRHO_PLUGIN_UNIQUE_ID Harm
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_WANT_LATENCY 1
