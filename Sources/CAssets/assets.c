#include "CAssets.h"

static const unsigned char pipeline_patternalarm[] = {
#embed "../../Data/pipelines/patternalarm.yaml"
};

static const unsigned char pipeline_card_stream[] = {
#embed "../../Data/pipelines/card_stream.yaml"
};

static const unsigned char pipeline_handbook[] = {
#embed "../../Data/pipelines/handbook.yaml"
};

static const unsigned char model_patternalarm[] = {
#embed "../../Data/models/patternalarm.json"
};

static const struct pa_asset assets[] = {
    {"pipelines/patternalarm.yaml", pipeline_patternalarm, sizeof pipeline_patternalarm},
    {"pipelines/card_stream.yaml", pipeline_card_stream, sizeof pipeline_card_stream},
    {"pipelines/handbook.yaml", pipeline_handbook, sizeof pipeline_handbook},
    {"models/patternalarm.json", model_patternalarm, sizeof model_patternalarm},
};

const struct pa_asset *pa_assets(size_t *count) {
    *count = sizeof assets / sizeof assets[0];
    return assets;
}
