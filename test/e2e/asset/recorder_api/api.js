import { OperationAPI } from '@terascope/job-components';
import { recording } from '../recording.js';

class Api extends OperationAPI {
  async createAPI() {
    return {};
  }
}

export default recording(Api, 'api');
