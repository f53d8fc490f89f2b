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

static const unsigned char zones[] = {
#embed "../../Data/zones/zones.txt"
};

static const unsigned char model_patternalarm[] = {
#embed "../../Data/models/patternalarm.json"
};

static const unsigned char api_openapi[] = {
#embed "../../Data/api/openapi.json"
};

static const unsigned char dashboard_activations_js[] = {
#embed "../../Data/dashboard/activations.js"
};

static const unsigned char dashboard_alert_js[] = {
#embed "../../Data/dashboard/alert.js"
};

static const unsigned char dashboard_announce_js[] = {
#embed "../../Data/dashboard/announce.js"
};

static const unsigned char dashboard_api_js[] = {
#embed "../../Data/dashboard/api.js"
};

static const unsigned char dashboard_app_js[] = {
#embed "../../Data/dashboard/app.js"
};

static const unsigned char dashboard_chart_js[] = {
#embed "../../Data/dashboard/chart.js"
};

static const unsigned char dashboard_docs_schema_js[] = {
#embed "../../Data/dashboard/docs-schema.js"
};

static const unsigned char dashboard_docs_html[] = {
#embed "../../Data/dashboard/docs.html"
};

static const unsigned char dashboard_docs_js[] = {
#embed "../../Data/dashboard/docs.js"
};

static const unsigned char dashboard_dom_js[] = {
#embed "../../Data/dashboard/dom.js"
};

static const unsigned char dashboard_feed_rows_js[] = {
#embed "../../Data/dashboard/feed-rows.js"
};

static const unsigned char dashboard_feed_js[] = {
#embed "../../Data/dashboard/feed.js"
};

static const unsigned char dashboard_filters_js[] = {
#embed "../../Data/dashboard/filters.js"
};

static const unsigned char dashboard_format_js[] = {
#embed "../../Data/dashboard/format.js"
};

static const unsigned char dashboard_icon_svg[] = {
#embed "../../Data/dashboard/icon.svg"
};

static const unsigned char dashboard_index_html[] = {
#embed "../../Data/dashboard/index.html"
};

static const unsigned char dashboard_keys_js[] = {
#embed "../../Data/dashboard/keys.js"
};

static const unsigned char dashboard_marks_js[] = {
#embed "../../Data/dashboard/marks.js"
};

static const unsigned char dashboard_model_js[] = {
#embed "../../Data/dashboard/model.js"
};

static const unsigned char dashboard_reasons_js[] = {
#embed "../../Data/dashboard/reasons.js"
};

static const unsigned char dashboard_run_results_js[] = {
#embed "../../Data/dashboard/run-results.js"
};

static const unsigned char dashboard_runs_js[] = {
#embed "../../Data/dashboard/runs.js"
};

static const unsigned char dashboard_status_js[] = {
#embed "../../Data/dashboard/status.js"
};

static const unsigned char dashboard_stream_js[] = {
#embed "../../Data/dashboard/stream.js"
};

static const unsigned char dashboard_style_css[] = {
#embed "../../Data/dashboard/style.css"
};

static const unsigned char dashboard_timeline_js[] = {
#embed "../../Data/dashboard/timeline.js"
};

static const unsigned char dashboard_triage_js[] = {
#embed "../../Data/dashboard/triage.js"
};

static const unsigned char dashboard_velocity_js[] = {
#embed "../../Data/dashboard/velocity.js"
};

static const unsigned char dashboard_views_css[] = {
#embed "../../Data/dashboard/views.css"
};

static const struct pa_asset assets[] = {
    {"pipelines/patternalarm.yaml", pipeline_patternalarm, sizeof pipeline_patternalarm},
    {"pipelines/card_stream.yaml", pipeline_card_stream, sizeof pipeline_card_stream},
    {"pipelines/handbook.yaml", pipeline_handbook, sizeof pipeline_handbook},
    {"zones/zones.txt", zones, sizeof zones},
    {"models/patternalarm.json", model_patternalarm, sizeof model_patternalarm},
    {"api/openapi.json", api_openapi, sizeof api_openapi},
    {"dashboard/activations.js", dashboard_activations_js, sizeof dashboard_activations_js},
    {"dashboard/alert.js", dashboard_alert_js, sizeof dashboard_alert_js},
    {"dashboard/announce.js", dashboard_announce_js, sizeof dashboard_announce_js},
    {"dashboard/api.js", dashboard_api_js, sizeof dashboard_api_js},
    {"dashboard/app.js", dashboard_app_js, sizeof dashboard_app_js},
    {"dashboard/chart.js", dashboard_chart_js, sizeof dashboard_chart_js},
    {"dashboard/docs-schema.js", dashboard_docs_schema_js, sizeof dashboard_docs_schema_js},
    {"dashboard/docs.html", dashboard_docs_html, sizeof dashboard_docs_html},
    {"dashboard/docs.js", dashboard_docs_js, sizeof dashboard_docs_js},
    {"dashboard/dom.js", dashboard_dom_js, sizeof dashboard_dom_js},
    {"dashboard/feed-rows.js", dashboard_feed_rows_js, sizeof dashboard_feed_rows_js},
    {"dashboard/feed.js", dashboard_feed_js, sizeof dashboard_feed_js},
    {"dashboard/filters.js", dashboard_filters_js, sizeof dashboard_filters_js},
    {"dashboard/format.js", dashboard_format_js, sizeof dashboard_format_js},
    {"dashboard/icon.svg", dashboard_icon_svg, sizeof dashboard_icon_svg},
    {"dashboard/index.html", dashboard_index_html, sizeof dashboard_index_html},
    {"dashboard/keys.js", dashboard_keys_js, sizeof dashboard_keys_js},
    {"dashboard/marks.js", dashboard_marks_js, sizeof dashboard_marks_js},
    {"dashboard/model.js", dashboard_model_js, sizeof dashboard_model_js},
    {"dashboard/reasons.js", dashboard_reasons_js, sizeof dashboard_reasons_js},
    {"dashboard/run-results.js", dashboard_run_results_js, sizeof dashboard_run_results_js},
    {"dashboard/runs.js", dashboard_runs_js, sizeof dashboard_runs_js},
    {"dashboard/status.js", dashboard_status_js, sizeof dashboard_status_js},
    {"dashboard/stream.js", dashboard_stream_js, sizeof dashboard_stream_js},
    {"dashboard/style.css", dashboard_style_css, sizeof dashboard_style_css},
    {"dashboard/timeline.js", dashboard_timeline_js, sizeof dashboard_timeline_js},
    {"dashboard/triage.js", dashboard_triage_js, sizeof dashboard_triage_js},
    {"dashboard/velocity.js", dashboard_velocity_js, sizeof dashboard_velocity_js},
    {"dashboard/views.css", dashboard_views_css, sizeof dashboard_views_css},
};

const struct pa_asset *pa_assets(size_t *count) {
    *count = sizeof assets / sizeof assets[0];
    return assets;
}
