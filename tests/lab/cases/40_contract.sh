# The promises of the plugin contract, as simulated arrays are asked for them, asked of real ones.
lab_case contract "what simulated arrays promise is promised by DRBD: every promise of the contract, there and back"
contract() {
    config
    "$bin/tests/contract/contract" "$case_dir/drstor.yaml" erp milan
}
